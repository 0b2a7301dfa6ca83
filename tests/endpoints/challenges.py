"""What an endpoint may ask credentials with: Basic (RFC 7617) and Digest with MD5 or SHA-256 (RFC 7616)."""

import base64
import hashlib
import re
import secrets

PAIR = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


class Basic:
    """Accepts one user name and password."""

    header = 'Basic realm="sns endpoint", charset="UTF-8"'

    def __init__(self, user, password):
        self._expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def accepts(self, method, authorization):
        return authorization == self._expected


class Digest:
    """Accepts proof that the client knows one user name and password."""

    REALM = "sns endpoint"

    def __init__(self, user, password, algorithm="MD5"):
        self._user, self._password, self._algorithm = user, password, algorithm
        self._nonce = secrets.token_hex(16)
        self.header = f'Digest realm="{self.REALM}", qop="auth", nonce="{self._nonce}", algorithm={algorithm}'

    def _hash(self, *parts):
        name = {"MD5": "md5", "SHA-256": "sha256"}[self._algorithm]
        return hashlib.new(name, ":".join(parts).encode()).hexdigest()

    def accepts(self, method, authorization):
        if not authorization or not authorization.startswith("Digest "):
            return False
        given = {name: quoted or plain for name, quoted, plain in PAIR.findall(authorization[len("Digest ") :])}
        who = self._hash(self._user, self.REALM, self._password)
        what = self._hash(method, given.get("uri", ""))
        expected = self._hash(
            who, self._nonce, given.get("nc", ""), given.get("cnonce", ""), given.get("qop", ""), what
        )
        named = (given.get("username"), given.get("realm"), given.get("nonce"), given.get("qop"))
        return named == (self._user, self.REALM, self._nonce, "auth") and given.get("response") == expected
