"""Forms with files, written by hand."""


def form(*parts: tuple, boundary: str = "XyZ", end: str = "--") -> bytes:
    """Each part: name, value, and its file's name if it is a file."""
    out = b""
    for name, value, *filename in parts:
        extra = f'; filename="{filename[0]}"' if filename else ""
        out += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n'.encode()
        out += b"\r\n" + (value if isinstance(value, bytes) else value.encode()) + b"\r\n"
    return out + f"--{boundary}{end}\r\n".encode()
