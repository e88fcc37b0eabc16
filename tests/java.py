"""Java, which a local Spark session runs on."""

import shutil
import subprocess

JAVA_OPTIONS = (
    "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    " -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
)
"""For a session of seconds: compiling and verifying more would take longer than it saves."""


def has_java() -> bool:
    """Whether Java 17 or later runs here."""
    if shutil.which("java") is None:
        return False
    text = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr
    number = text.partition('"')[2].partition('"')[0].split(".")[0]
    return number.isdigit() and int(number) >= 17
