"""A read-only SFTP server on loopback: each user sees the folder of that name."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from pathlib import Path
from threading import Event, Thread

import paramiko

_BACKLOG = 20
# a client that leaves without a word is no error of the run
_LOG = "customs_risk.sandbox.sftp"
logging.getLogger(_LOG).setLevel(logging.CRITICAL)


class SftpServer:
    """Serves a folder's sub-folders, one per user, to whoever knows the password of this run."""

    def __init__(self, folder: Path) -> None:
        self.password = secrets.token_urlsafe(12)
        self._folder = folder
        self._key = paramiko.ECDSAKey.generate()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        self._is_over = Event()
        self._sessions: list[paramiko.Transport] = []
        self._thread = Thread(target=self._accept, name="sftp", daemon=True)

    @property
    def port(self) -> int:
        """Its port on loopback."""
        return int(self._socket.getsockname()[1])

    @property
    def host_key(self) -> str:
        """Its public key, as known_hosts names it."""
        return f"{self._key.get_name()} {self._key.get_base64()}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._is_over.set()
        # an accept that waits wakes up
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for session in self._sessions:
            session.close()

    def _accept(self) -> None:
        while not self._is_over.is_set():
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            session = paramiko.Transport(peer)
            session.set_log_channel(_LOG)
            session.add_server_key(self._key)
            session.set_subsystem_handler("sftp", paramiko.SFTPServer, _Folder, root=self._folder)
            self._sessions = [*(each for each in self._sessions if each.is_active()), session]
            try:
                # with an event, it does not wait for the peer to introduce itself
                session.start_server(event=Event(), server=_Door(self.password))
            except paramiko.SSHException:
                session.close()


class _Door(paramiko.ServerInterface):  # type: ignore[misc]
    """Lets in who knows the password, to SFTP and nothing else."""

    def __init__(self, password: str) -> None:
        self._password = password
        self.user = ""

    def get_allowed_auths(self, username: str) -> str:
        del username
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:
        if not secrets.compare_digest(password.encode(), self._password.encode()):
            return int(paramiko.AUTH_FAILED)
        self.user = username
        return int(paramiko.AUTH_SUCCESSFUL)

    def check_channel_request(self, kind: str, chanid: int) -> int:
        del chanid
        if kind == "session":
            return int(paramiko.OPEN_SUCCEEDED)
        return int(paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED)


class _Folder(paramiko.SFTPServerInterface):  # type: ignore[misc]
    """A user's folder, to read. Whatever is not overridden here is refused by paramiko."""

    def __init__(self, server: _Door, *, root: Path) -> None:
        super().__init__(server)
        self._root = (root / Path(server.user).name).resolve()

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        try:
            found = sorted(self._at(path).iterdir())
            return [_attributes(each) for each in found]
        except OSError as error:
            return int(paramiko.SFTPServer.convert_errno(error.errno))

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return _attributes(self._at(path))
        except OSError as error:
            return int(paramiko.SFTPServer.convert_errno(error.errno))

    lstat = stat

    def open(self, path: str, flags: int, attr: object) -> paramiko.SFTPHandle | int:
        del attr
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return int(paramiko.SFTP_PERMISSION_DENIED)
        try:
            file = self._at(path).open("rb")
        except OSError as error:
            return int(paramiko.SFTPServer.convert_errno(error.errno))
        handle = _Handle(flags)
        handle.readfile = file
        return handle

    def _at(self, path: str) -> Path:
        # as the path is made canonical first, it cannot lead out of the folder
        return self._root / self.canonicalize(path).lstrip("/")


class _Handle(paramiko.SFTPHandle):  # type: ignore[misc]
    def stat(self) -> paramiko.SFTPAttributes:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


def _attributes(path: Path) -> paramiko.SFTPAttributes:
    attributes = paramiko.SFTPAttributes.from_stat(path.stat())
    attributes.filename = path.name
    return attributes
