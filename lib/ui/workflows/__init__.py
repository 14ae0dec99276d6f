"""What the list of workflows and the dialogs around attaching and detaching draw."""
