"""What the README shows in Python runs as it stands, in one process, from top to bottom."""

import re
import subprocess
import sys

BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.M | re.S)


def python_blocks(text: str) -> list[str]:
    return [body for language, body in BLOCK.findall(text) if language in ("python", "py")]


def test_blocks_are_found():
    text = "a\n```python\nx = 1\n```\nb\n```\nno\n```\n```bash\nmake\n```\n```py\ny = 2\n```\n"
    assert python_blocks(text) == ["x = 1\n", "y = 2\n"]


def test_python_blocks_run(root, tmp_path, monkeypatch):
    text = (root / "README.md").read_text(encoding="utf-8")
    blocks = python_blocks(text)
    assert len(blocks) == len(re.findall(r"^\s*```py", text, re.M))  # none is passed over
    script = tmp_path / "readme.py"
    script.write_text("\n".join(blocks))
    monkeypatch.setenv("PYTHONPATH", str(root))
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
