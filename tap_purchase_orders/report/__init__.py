"""The report on the loaded tables: `purchase-orders-report`, extra `report`."""
