"""What the user wants: the settings, checked and typed."""
