-- Written by docs/derive.py from the code: change it there, then run `make derive`.
return {}
