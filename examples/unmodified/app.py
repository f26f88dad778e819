"""The same program in Python, with `requests`. Run it offline with `callgather-simulator run -- python3 app.py`."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

HEADERS = {"Authorization": f"Bearer {os.environ.get('TELNYX_API_KEY')}"}


def command(call_id, action, body=None):
    url = f"https://api.telnyx.com/v2/calls/{call_id}/actions/{action}"
    response = requests.post(url, headers=HEADERS, json=body or {}, timeout=10)
    if not response.ok:
        print(f"{action}: {response.status_code} {response.text}", flush=True)


def handle(event):
    payload = event["payload"]
    call_id = payload["call_control_id"]
    if event["event_type"] == "call.initiated" and payload["direction"] == "incoming":
        command(call_id, "answer")
    if event["event_type"] == "call.answered":
        prompt = {"payload": "Please enter your PIN.", "voice": "female", "minimum_digits": 4, "maximum_digits": 4}
        command(call_id, "gather_using_speak", prompt)
    if event["event_type"] == "call.gather.ended":
        print(f"The PIN has {len(payload['digits'])} digits.", flush=True)
        command(call_id, "hangup")


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        if self.path != "/webhooks/voice":
            self.send_error(404)
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        handle(json.loads(body)["data"])

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "0"))), Receiver)
print(f"Listening on port {server.server_address[1]}.", flush=True)
server.serve_forever()
