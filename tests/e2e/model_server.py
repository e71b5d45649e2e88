"""A model on loopback that real agent programs talk to: one scripted shell command, then one sentence; no account.

It speaks Chat Completions, Responses, Anthropic Messages and Gemini's streaming, each as far as an agent needs it. The
script stands in the prompt as `[[run: COMMAND]]`, for who has no tools but takes whole files as text as `[[write FILE:
TEXT]]`. With `fault` set, every request is answered with that status.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SHELLS = ("Bash", "bash", "shell", "exec_command", "run_shell_command", "run_commands")
SCRIPT = re.compile(r"\[\[run: (.+?)\]\]")
FILE = re.compile(r"\[\[write (\S+): (.+?)\]\]")
SAYS = "Fixed: add() now adds."
SENT, RECEIVED = 1000, 50  # tokens of every answer
SUBMIT = (
    "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"  # how mini-swe-agent is told the end
)
Call = tuple[str, dict[str, Any]]  # name of a tool and its arguments


class Model(ThreadingHTTPServer):
    """The server; `fault` is a status for all requests, `asked` the paths that were asked for."""

    daemon_threads = True

    def __init__(self, fault: int | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.fault, self.asked = fault, list[str]()
        self.numbers = itertools.count(1)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Model:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One request; no state but the conversation that it brings."""

    protocol_version = "HTTP/1.1"
    server: Model

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        self._send(json.dumps({"object": "list", "data": [{"id": "stub-model"}]}))

    def do_POST(self) -> None:
        self.server.asked.append(self.path)
        body = json.loads(self._body() or b"{}")
        path = self.path.partition("?")[0]
        if self.server.fault:
            self._refuse(self.server.fault)
        elif path.endswith("/chat/completions"):
            self._chat(body)
        elif path.endswith("/responses"):
            self._events(_responses(body, self._id()))
        elif path.endswith("/messages"):
            self._events(_messages(body, self._id()))
        elif "GenerateContent" in path or "generateContent" in path:
            self._gemini(body, stream="stream" in path)
        else:
            self._send("{}")

    def _id(self) -> str:
        return f"n{next(self.server.numbers)}"

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _send(
        self, text: str, *, status: int = 200, kind: str = "application/json"
    ) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        if status == 429:
            self.send_header("retry-after", "1")
        self.end_headers()
        self.wfile.write(data)

    def _refuse(self, status: int) -> None:
        words = {401: "invalid api key", 429: "Rate limit exceeded"}
        told = {"message": words.get(status, "oops"), "code": status, "type": "error"}
        self._send(json.dumps({"type": "error", "error": told}), status=status)

    def _events(self, events: Iterator[dict[str, Any]]) -> None:
        lines = (f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)
        self._send("".join(lines), kind="text/event-stream")

    def _chat(self, body: dict[str, Any]) -> None:
        tools = [t["function"] for t in body.get("tools") or [] if "function" in t]
        done = any(m.get("role") == "tool" for m in body["messages"])
        call, made = _call(tools, body["messages"], done=done), self._id()
        usage = {"prompt_tokens": SENT, "completion_tokens": RECEIVED, "total_tokens": SENT + RECEIVED}  # fmt: skip
        head = {"id": made, "created": 1, "model": body.get("model", "stub-model")}
        text = SAYS if tools else _files(body["messages"]) + SAYS
        said: dict[str, Any] = {"role": "assistant", "content": None if call else text}
        if call:
            function = {"name": call[0], "arguments": json.dumps(call[1])}
            tool = {"index": 0, "id": f"call_{made}", "type": "function"}
            said["tool_calls"] = [{**tool, "function": function}]
        end = "tool_calls" if call else "stop"
        if not body.get("stream"):
            choice = {"index": 0, "message": said, "finish_reason": end}
            whole = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}  # fmt: skip
            return self._send(json.dumps(whole))
        head["object"] = "chat.completion.chunk"
        chunks = [
            {**head, "choices": [{"index": 0, "delta": said, "finish_reason": None}]},
            {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": end}]},
            {**head, "choices": [], "usage": usage},
        ]
        lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
        return self._send("".join([*lines, "data: [DONE]\n\n"]), kind="text/event-stream")  # fmt: skip

    def _gemini(self, body: dict[str, Any], *, stream: bool) -> None:
        groups = body.get("tools") or []
        tools = [f for g in groups for f in g.get("functionDeclarations") or []]
        parts = [p for c in body.get("contents") or [] for p in c.get("parts") or []]
        call = _call(tools, body, done=any("functionResponse" in p for p in parts))
        # Before it begins it asks a smaller model for an object (how hard is this?), again and again until it gets one.
        schema = (body.get("generationConfig") or {}).get("responseJsonSchema")
        part: dict[str, Any] = {"text": json.dumps(_sample(schema)) if schema else SAYS}
        if call:
            part = {"functionCall": {"name": call[0], "args": call[1]}}
        counts = {"promptTokenCount": SENT, "candidatesTokenCount": RECEIVED}
        content = {"role": "model", "parts": [part]}
        chunk = {"candidates": [{"content": content, "finishReason": "STOP"}], "usageMetadata": counts}  # fmt: skip
        text = json.dumps(chunk)
        if stream:
            self._send(f"data: {text}\n\n", kind="text/event-stream")
        else:
            self._send(text)


def _call(tools: list[dict[str, Any]], told: object, *, done: bool) -> Call | None:
    """The tool to call, if there is a shell and a script for it that was not yet run."""
    found = next((t for t in tools if t.get("name") in SHELLS), None)
    # The last one: an agent may show the prompt of another entry as an example, never after its own.
    script = SCRIPT.findall(json.dumps(told, ensure_ascii=False))
    if found is None or not script:
        return None
    if done:
        # mini-swe-agent has no other way to end.
        mini = found["name"] == "bash" and "COMPLETE_TASK" in json.dumps(told)
        return ("bash", {"command": SUBMIT}) if mini else None
    keys = ("parameters", "parametersJsonSchema", "input_schema")
    schema = next((found[key] for key in keys if found.get(key)), {})
    return found["name"], _arguments(schema, script[-1])


def _files(told: object) -> str:
    """The file of the script, as aider reads it."""
    found = FILE.findall(json.dumps(told, ensure_ascii=False))[-1:]
    texts = [(name, json.loads(f'"{text}"')) for name, text in found]
    return "".join(f"{name}\n```\n{text}\n```\n" for name, text in texts)


def _arguments(schema: dict[str, Any], command: str) -> dict[str, Any]:
    """What a shell's schema asks for: the command, and a harmless value for everything else that is required."""
    known = schema.get("properties", {})
    made: dict[str, Any] = {}
    for name in {*schema.get("required", ()), *({"command", "cmd"} & known.keys())}:
        sample = _sample(known.get(name, {}))
        if name in ("command", "cmd"):
            made[name] = ["bash", "-lc", command] if sample == [] else command
        else:
            made[name] = [command] if name == "commands" else sample
    return made


def _sample(schema: dict[str, Any]) -> Any:
    """A harmless value of a JSON schema."""
    kind = str(schema.get("type", "string")).lower()
    if kind == "object":
        return {name: _sample(one) for name, one in schema.get("properties", {}).items()}  # fmt: skip
    return {"boolean": False, "number": 60, "integer": 60, "array": []}.get(kind, "fix")


def _responses(body: dict[str, Any], made: str) -> Iterator[dict[str, Any]]:
    """OpenAI's Responses, as codex asks for them."""
    told = body.get("input") or []
    done = any(str(item.get("type", "")).endswith("_output") for item in told)
    tools = [t for t in body.get("tools") or [] if t.get("type") == "function"]
    call = _call(tools, told, done=done)
    item: dict[str, Any] = {"type": "message", "role": "assistant", "id": f"m{made}"}
    item["content"] = [{"type": "output_text", "text": SAYS}]
    if call:
        item = {"type": "function_call", "id": f"f{made}", "call_id": f"call_{made}", "name": call[0]}  # fmt: skip
        item["arguments"] = json.dumps(call[1])
    usage = {"input_tokens": SENT, "output_tokens": RECEIVED, "total_tokens": SENT + RECEIVED}  # fmt: skip
    yield {"type": "response.created", "response": {"id": made}}
    yield {"type": "response.output_item.added", "output_index": 0, "item": item}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    whole = {"id": made, "output": [item], "usage": usage}
    yield {"type": "response.completed", "response": whole}


def _messages(body: dict[str, Any], made: str) -> Iterator[dict[str, Any]]:
    """Anthropic's Messages, as claude asks for them."""
    blocks = [
        b
        for m in body.get("messages") or []
        if isinstance(m.get("content"), list)
        for b in m["content"]
    ]
    done = any(b.get("type") == "tool_result" for b in blocks)
    call = _call(body.get("tools") or [], body.get("messages"), done=done)
    start: dict[str, Any] = {"type": "text", "text": ""}
    delta: dict[str, Any] = {"type": "text_delta", "text": SAYS}
    if call:
        start = {"type": "tool_use", "id": f"toolu_{made}", "name": call[0], "input": {}}  # fmt: skip
        delta = {"type": "input_json_delta", "partial_json": json.dumps(call[1])}
    head = {"id": f"msg_{made}", "type": "message", "role": "assistant", "content": []}
    head |= {"model": body.get("model", "stub-model"), "stop_reason": None, "stop_sequence": None}  # fmt: skip
    head["usage"] = {"input_tokens": SENT, "output_tokens": 1}
    yield {"type": "message_start", "message": head}
    yield {"type": "content_block_start", "index": 0, "content_block": start}
    yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    end = {"stop_reason": "tool_use" if call else "end_turn", "stop_sequence": None}
    yield {"type": "message_delta", "delta": end, "usage": {"output_tokens": RECEIVED}}
    yield {"type": "message_stop"}
