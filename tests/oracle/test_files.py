"""Files that the library writes, read by NumPy and by a reader of .safetensors that is made of nothing but json and NumPy."""
import ctypes
import json
import os
import struct

import numpy as np
import pytest

from conceptdec import _constants as constants  # noqa: F401
