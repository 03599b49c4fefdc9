"""Provider plugins that misbehave: small pieces of source, of which one runs some at random."""

from __future__ import annotations

import random

_RIGHT = "features = FEATURES"
_SLEEPS = "import time; time.sleep(60)"

_ACTS = (
    *(
        "print('hello')",
        "print('\\x1b[2J\\u202e')",
        "print('x' * 5_000_000)",
        "import time; time.sleep(0.3)",
    ),
    "import os; os.write(1, b'\\xff\\xfe' * 1000)",
    "import os\nfor fd in range(3, 30):\n  try: os.write(fd, b'junk')\n  except OSError: pass",
    "import os; os.closerange(0, 30)",
    "import os; os.close(2)",
    "import os\nif os.fork() == 0:\n  import time; time.sleep(60); os._exit(0)",
    "import os\nif os.fork() == 0:\n  os.setsid(); import time; time.sleep(60); os._exit(0)",
    ("import subprocess; subprocess.Popen(['sleep', '60'], start_new_session=True)"),
    ("import subprocess; subprocess.Popen(['sleep', '60'], start_new_session=True, env={})"),
    "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()",
    "import atexit, time; atexit.register(time.sleep, 60)",
    "import signal\nfor n in (1, 2, 3, 13, 15): signal.signal(n, signal.SIG_IGN)",
    "import os, signal; os.kill(os.getppid(), signal.SIGCHLD)",
    "import os, signal; os.kill(os.getppid(), signal.SIGWINCH)",
    "import os, signal; os.kill(os.getppid(), signal.SIGINT)",
    "import sys; sys.modules['json'] = None; sys.modules['os'] = None",
    "import json; json.dumps = lambda *_: 'junk'",
    "import builtins; builtins.open = None; builtins.isinstance = None",
    "import pathlib; pathlib.Path.write_text = None",
    "import sys; sys.stdout = sys.stderr = None",
    "import sys; sys.setrecursionlimit(20)",
    "import os; os.environ.clear()",
    "open('file', 'w').write('x' * 1000)",
    "import os; os.mkdir('folder'); os.chmod('folder', 0)",
    "import os; os.chmod('.', 0)",
    "import os, shutil; shutil.rmtree(os.getcwd())",
    "import sys; open(sys.argv[2], 'w').write('{\"features\": 5}')",
    "import os, sys; os.mkfifo(sys.argv[2])",
    "import os, sys; os.mkdir(sys.argv[2])",
    "import os, sys; os.symlink('/dev/zero', sys.argv[2])",
    "import os, sys; os.symlink('file', sys.argv[2])",
    "import gc; gc.disable()",
    "import faulthandler; faulthandler.dump_traceback_later(0.1)",
    "import warnings; warnings.warn('x' * 3000)",
    "import logging; logging.error('\\x1b[31m')",
    "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))",
)
_END = 0.3
_ENDS = (
    *("raise ValueError('\\x1b[2J no')", "raise ValueError('x' * 10**6)", "raise SystemExit(0)"),
    *("raise SystemExit('bye')", "raise KeyboardInterrupt", "raise GeneratorExit", "exit(3)"),
    *("import os; os._exit(0)", "import os; os._exit(7)", "import os; os.abort()", _SLEEPS),
    *("import ctypes; ctypes.string_at(0)", "bytearray(1 << 45)", "while True: pass", "1/0"),
    *("def f(): f()\nf()", "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", "features"),
    "class Odd(Exception):\n  def __str__(self): raise RuntimeError\nraise Odd",
    "class Odd(Exception):\n  def __str__(self): return 5\nraise Odd",
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "raise ExceptionGroup('a', [ValueError()])",
)
_RESULTS = (
    *("None", "5", "'gpu'", "[None]", "[5]", "{}", "[FEATURES]", "iter(())", "[]", "object()"),
    *("[Config('arch', 'abc', True)]", "[Config('arch', [1], True)]", "[Config(5, ['a'], True)]"),
    *("[Config('arch', None, True)]", "[Config('', ['a'], True)]", "[Config('arch', [''], True)]"),
    *("[Config('\\x1b', ['a'], True)]", "[Config('arch', ['\\u202e'], True)]", "FEATURES * 1000"),
    *("[Config('arch', ['a' * 10**6], True)]", "[Config('a' * 10**6, ['a'], True)]", "FEATURES"),
    *("[Config('arch', [str(n) for n in range(9000)], True)]", "(c for c in FEATURES)", "FEATURES"),
    *("[Config(f'f{n}', ['a'], True) for n in range(9000)]", "[Config('arch', ['zz'], True)]"),
    *("__import__('itertools').repeat(FEATURES[0])", "[Config('ARCH', ['a b'], True)]", "FEATURES"),
    "[Config('arch', __import__('itertools').count(), True)]",
    "[Config('arch', map(str, __import__('itertools').count()), True)]",
    "type('L', (list,), {'__iter__': lambda self: self, '__next__': lambda self: 5})()",
)
_CONFIG = "Config = type(FEATURES[0])"


def random_plugin(rng: random.Random) -> tuple[str, bool]:
    """Return the source of a plugin and whether its result, if it has one, is the right one.

    The last that it does is to set ``features``.
    """
    parts = [_CONFIG, *rng.choices(_ACTS, k=rng.choice([0, 1, 1, 2, 3]))]
    kind = rng.random()
    if kind < _END:
        parts.append(rng.choice(_ENDS))
    elif kind < 0.6:
        parts.append(f"features = {rng.choice(_RESULTS)}")
    else:
        parts.append(_RIGHT)
    return "\n".join(parts), parts[-1] == _RIGHT or kind < _END
