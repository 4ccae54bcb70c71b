"""Sources of purchase-order numbers, one file each."""
