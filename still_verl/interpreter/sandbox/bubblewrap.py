"""The sandbox of the `bwrap` command: slower, because each program starts an interpreter, but not of our making."""

import json
import os
import select
import shutil
import socket
import subprocess
import sys
import time
from functools import cached_property
from pathlib import Path

from still_verl.interpreter.sandbox import isolate
from still_verl.interpreter.sandbox.base import Limits, Result, SandboxUnavailable, Tier, as_text, clip
from still_verl.interpreter.sandbox.local import LOST, last_words, read_report
from still_verl.interpreter.sandbox.notebook import PACKET
