"""Certificates that a test makes for itself with the openssl program: nothing of them outlives its folder."""

import ssl
import subprocess


class Certificate:
    """Self-signed, for 127.0.0.1 and localhost; `name` tells one from another."""

    def __init__(self, folder, name="first"):
        self.chain = str(folder / f"{name}.pem")
        self.key = str(folder / f"{name}.key")
        self.name = name
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        command += ["-keyout", self.key, "-out", self.chain, "-days", "2", "-subj", f"/CN={name}"]
        command += ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    def lock_key(self):
        """With a passphrase."""
        locked = subprocess.run(
            ["openssl", "pkcs8", "-topk8", "-in", self.key, "-passout", "pass:hello"], check=True, capture_output=True, timeout=60
        )
        with open(self.key, "wb") as file:
            file.write(locked.stdout)

    def trusting(self):
        return ssl.create_default_context(cafile=self.chain)

    def presented(self):
        """For a server of the test's own."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.chain, self.key)
        return context
