"""What the project's own Python runs (3.8 or newer, standard library, pytest); never imported by the agent."""
