"""Programs that run as processes of their own: standard library only, never imported by arena."""
