"""The promises of docs/reliability.md, broken on purpose and counted: ``make reliability``."""
