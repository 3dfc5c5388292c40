"""What xarray's chunk manager stands on."""
