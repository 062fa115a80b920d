"""Applications of the tenant, as far as signing in needs them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Registration:
    """One application: its secrets, and the subjects its federated credentials trust. Nothing of a kind: everything of it is accepted."""

    secrets: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class Directory:
    """As long as nobody is registered, every application with any secret may sign in."""

    registrations: dict[str, Registration] = field(default_factory=dict)

    def register(self, client_id: str, *, secrets: frozenset[str] = frozenset(), subjects: frozenset[str] = frozenset()) -> None:
        """From now on only registered applications may sign in, with what they are registered for."""
        self.registrations[client_id.lower()] = Registration(secrets=secrets, subjects=subjects)

    def knows(self, client_id: str) -> bool:
        """Whether the application may sign in at all."""
        return not self.registrations or client_id.lower() in self.registrations

    def takes_secret(self, client_id: str, secret: str) -> bool:
        """Whether this is one of its secrets."""
        held = self.registrations.get(client_id.lower(), Registration())
        return not held.secrets or secret in held.secrets

    def takes_subject(self, client_id: str, subject: str) -> bool:
        """Whether a federated credential of it trusts the subject."""
        held = self.registrations.get(client_id.lower(), Registration())
        return not held.subjects or subject in held.subjects
