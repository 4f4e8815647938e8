#!/usr/bin/env python3
# Copyright (c) 2026 The cx-sriov authors.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at:
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""usage: sriov-scrape.py COMMAND...

Starts COMMAND as systemd does for a socket, and sends it the requests on
standard input, a line each: METHOD PATH [ACCEPT].  Prints status and content
type of each answer; its body goes to a file "bodyN", from 1 on.  Then ends
COMMAND."""

import http.client
import os
import signal
import socket
import sys


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def start(listener, command):
    pid = os.fork()
    if not pid:
        os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)
        os.execvpe(command[0], command,
                   dict(os.environ, LISTEN_FDS="1",
                        LISTEN_PID=str(os.getpid())))
    return pid


def main():
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("scrape.sock")
    listener.listen()
    pid = start(listener, sys.argv[1:])
    listener.close()
    connection = Connection("scrape.sock")
    for n, line in enumerate(sys.stdin, 1):
        method, path, *accept = line.split()
        connection.request(method, path,
                           headers={"Accept": accept[0]} if accept else {})
        response = connection.getresponse()
        print(response.status, response.getheader("Content-Type"))
        with open("body%d" % n, "wb") as f:
            f.write(response.read())
    connection.close()
    os.unlink("scrape.sock")
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)


main()
