"""python_dir.py PREFIX: prints where this Python finds packages that are installed below PREFIX."""
import os
import sys
import sysconfig

prefix = os.path.normpath(sys.argv[1])
version = "python%d.%d" % sys.version_info[:2]
searched = [path for path in sys.path if os.path.basename(path) in ("dist-packages", "site-packages")]
below = [path for path in searched if path in (
    os.path.join(prefix, "lib", "python3", "dist-packages"),
    os.path.join(prefix, "lib", version, "dist-packages"),
    os.path.join(prefix, "lib", version, "site-packages"))]
print(below[0] if below else sysconfig.get_path("purelib", "posix_prefix", vars={"base": prefix}))
