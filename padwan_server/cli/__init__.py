"""The shell: every operation of the table as a command, and the programs that editors and assistants start."""
