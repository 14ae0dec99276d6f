"""What the designer draws: the draft, its tabs and its dialogs."""
