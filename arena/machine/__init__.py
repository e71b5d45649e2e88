"""Everything that touches the machine. Nothing here knows a stage of the race."""
