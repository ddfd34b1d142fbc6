"""The program of the child, which Python compiles each time; the rest stands in modules, whose code Python keeps."""

import sys

sys.path.append(__file__.rpartition("/")[0])
__import__("locked_child").main()
