"""Certificates made with the `openssl` command line, and client contexts."""

import os
import ssl
import subprocess
import threading


class Certs:
    """A certificate authority with server and client certificates in one directory, made on first use.

    Paths: `ca`, `server_cert`, `server_key`, `client_cert`, `client_key`; more with `issue`.
    """

    def __init__(self, directory):
        self.dir = directory
        self._lock = threading.Lock()
        self._made = set()

    def _openssl(self, *args):
        done = subprocess.run(["openssl", *args], cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise RuntimeError("openssl %s: %s" % (args[0], done.stdout.decode()))

    def _path(self, name):
        return os.path.join(self.dir, name)

    def _authority(self, name):
        if name in self._made:
            return
        os.makedirs(self.dir, exist_ok=True)
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-days", "30", "-subj", "/O=Conformance/CN=%s" % name, "-keyout", name + "-key.pem",
                      "-out", name + ".pem", "-addext", "basicConstraints=critical,CA:TRUE",
                      "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self._made.add(name)

    def authority(self, name="ca"):
        """Path of the certificate of the authority `name`."""
        with self._lock:
            self._authority(name)
        return self._path(name + ".pem")

    def issue(self, name, subject=None, san="DNS:localhost,IP:127.0.0.1,IP:::1", authority="ca",
              usage="serverAuth,clientAuth", days=30):
        """(certificate path, key path) of `name`, made once. `subject`: openssl -subj text; `san` may be ""."""
        with self._lock:
            self._authority(authority)
            if name not in self._made:
                extensions = "extendedKeyUsage=%s\n" % usage
                if san:
                    extensions += "subjectAltName=%s\n" % san
                with open(self._path(name + ".ext"), "w", encoding="utf-8") as out:
                    out.write(extensions)
                self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                              subject or "/O=Conformance/CN=%s" % name, "-keyout", name + "-key.pem",
                              "-out", name + ".csr")
                self._openssl("x509", "-req", "-in", name + ".csr", "-CA", authority + ".pem", "-CAkey",
                              authority + "-key.pem", "-CAcreateserial", "-days", str(days), "-out", name + ".pem",
                              "-extfile", name + ".ext")
                self._made.add(name)
        return self._path(name + ".pem"), self._path(name + "-key.pem")

    @property
    def ca(self):
        """Path of the authority's certificate."""
        return self.authority("ca")

    @property
    def server_cert(self):
        """Server certificate (localhost, 127.0.0.1, ::1)."""
        return self.issue("server")[0]

    @property
    def server_key(self):
        """Key of `server_cert`."""
        return self.issue("server")[1]

    @property
    def client_cert(self):
        """Client certificate."""
        return self.issue("client")[0]

    @property
    def client_key(self):
        """Key of `client_cert`."""
        return self.issue("client")[1]

    def block(self, extra=""):
        """A `tls { ... }` configuration block with the server's certificate, key and authority."""
        return 'tls { cert_file: "%s", key_file: "%s", ca_file: "%s"\n%s\n}\n' % (
            self.server_cert, self.server_key, self.ca, extra)

    def context(self, client=False, verify=True):
        """A client context that trusts `ca`; with `client` it presents the client certificate."""
        pair = self.issue("client") if client else None
        return client_context(self.ca if verify else None, pair)


def client_context(ca=None, pair=None):
    """An ssl.SSLContext for a client; without `ca` nothing is verified."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if ca:
        context.load_verify_locations(ca)
    else:
        context.verify_mode = ssl.CERT_NONE
    if pair:
        context.load_cert_chain(*pair)
    return context
