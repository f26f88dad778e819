"""Sends the gather and AI commands with `requests`. Arguments: base URL, API key, call id. Prints each status and body."""

import json
import sys
from urllib.parse import quote

import requests

base_url, key, call_id = sys.argv[1:]
session = requests.Session()
session.headers["Authorization"] = f"Bearer {key}"

age = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
commands = [
    ("gather", {"minimum_digits": 2, "maximum_digits": 4, "terminating_digit": "*"}),
    ("gather_using_audio", {"audio_url": "https://media.example.com/menu.mp3", "valid_digits": "12"}),
    ("gather_using_speak", {"payload": "Grüße, Ihre PIN bitte.", "voice": "female", "maximum_tries": 2}),
    ("gather_stop", {}),
    ("gather_using_ai", {"parameters": age, "greeting": "How old are you?", "send_partial_results": True}),
    ("ai_assistant_stop", {}),
    ("ai_assistant_start", {"assistant": {"id": "assistant-1"}, "greeting": "Hello."}),
    ("ai_assistant_add_messages", {"messages": [{"role": "system", "content": "Be brief."}]}),
]

answers = []
for name, body in commands:
    url = f"{base_url}/calls/{quote(call_id, safe='')}/actions/{name}"
    # A CallGather server replaces the running gather; Telnyx ignores the header.
    replace = {"callgather-replace": "true"} if name.startswith("gather_using") else {}
    response = session.post(url, json=body, headers=replace, timeout=10)
    answers.append({"name": name, "body": body, "status": response.status_code, "answer": response.json()})
print(json.dumps(answers))
