# Python imports this file at its start, because `callgather-simulator run` puts it on PYTHONPATH. It redirects
# connections to api.telnyx.com, since aiohttp, http.client and plain urllib3 ignore HTTPS_PROXY, and reports the port
# that the program listens on.
import importlib.machinery
import importlib.util
import os
import socket
import ssl
import sys

HOST = "api.telnyx.com"
# The address that HOST resolves to in this process. It marks connections that must go to the simulator.
MARKER = "127.84.76.88"
tls_port = int(os.environ.get("CALLGATHER_RUN_TLS_PORT") or 0)
report_port = int(os.environ.get("CALLGATHER_RUN_REPORT_PORT") or 0)
authorities = os.environ.get("SSL_CERT_FILE")

getaddrinfo = socket.getaddrinfo
plain_connect = socket.socket.connect
plain_connect_ex = socket.socket.connect_ex
plain_listen = socket.socket.listen
load_verify_locations = ssl.SSLContext.load_verify_locations


def resolve(host, *args, **kwargs):
    if host in (HOST, HOST.encode()):
        host = MARKER
    return getaddrinfo(host, *args, **kwargs)


def redirected(address):
    return ("127.0.0.1", tls_port) if isinstance(address, tuple) and address[0] in (MARKER, HOST) else address


def connect(self, address):
    return plain_connect(self, redirected(address))


def connect_ex(self, address):
    return plain_connect_ex(self, redirected(address))


def listen(self, *args):
    plain_listen(self, *args)
    if self.family not in (socket.AF_INET, socket.AF_INET6):
        return
    try:
        with socket.create_connection(("127.0.0.1", report_port), timeout=2) as report:
            report.sendall(f"{self.getsockname()[1]}\n".encode())
    except OSError:
        pass


def trust(self, *args, **kwargs):
    # A client that names its own list of authorities, such as certifi's, must trust the simulator too.
    load_verify_locations(self, *args, **kwargs)
    load_verify_locations(self, authorities)


if tls_port:
    socket.getaddrinfo = resolve
    socket.socket.connect = connect
    socket.socket.connect_ex = connect_ex
if tls_port and authorities:
    ssl.SSLContext.load_verify_locations = trust
if report_port:
    socket.socket.listen = listen

# Python imports one `sitecustomize` only, so run the one that this file hides.
here = os.path.dirname(os.path.abspath(__file__))
elsewhere = [path for path in sys.path if os.path.abspath(path) != here]
hidden = importlib.machinery.PathFinder.find_spec("sitecustomize", elsewhere)
if hidden and hidden.loader:
    hidden.loader.exec_module(importlib.util.module_from_spec(hidden))
