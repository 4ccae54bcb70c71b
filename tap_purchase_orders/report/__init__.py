"""The page of what was loaded: `purchase-orders-report`, behind the extra `report`."""
