"""All that exists only to run without an accelerator; nothing of it is used on a GPU."""
