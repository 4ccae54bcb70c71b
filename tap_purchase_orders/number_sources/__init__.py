"""Sources of purchase-order numbers: `file`, `list`, `invoices` and `sql`."""
