"""A circuit on solderless breadboards: what goes into which hole, drawn and told step by step."""
