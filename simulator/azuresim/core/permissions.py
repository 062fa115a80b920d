"""What a client may do. Everything, until a world takes actions away."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from azuresim.core.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Denial:
    """An action taken away at a scope and all below it; ``action`` may have `*` in it."""

    action: str
    scope: str

    def covers(self, action: str, scope: str) -> bool:
        """Whether it forbids ``action`` on the resource ``scope``."""
        return fnmatchcase(action.lower(), self.action.lower()) and self.reaches(scope)

    def reaches(self, scope: str) -> bool:
        """Whether ``scope`` lies at its own or below."""
        return f"{scope.lower().rstrip('/')}/".startswith(f"{self.scope}/")


class Permissions:
    """One set for every client of the world."""

    def __init__(self) -> None:
        self._denials: list[Denial] = []

    def deny(self, action: str, scope: str = "") -> None:
        """Take ``action`` away (`Microsoft.Compute/virtualMachines/generalize/action`); without a scope everywhere."""
        self._denials.append(Denial(action, scope.lower().rstrip("/")))

    def allow(self, action: str, scope: str = "") -> None:
        """Give back what was taken away in the same words."""
        denial = Denial(action, scope.lower().rstrip("/"))
        self._denials = [kept for kept in self._denials if kept != denial]

    def taken(self, scope: str) -> list[str]:
        """What is taken away at ``scope``, as `notActions` show it."""
        return [denial.action for denial in self._denials if denial.reaches(scope)]

    def allows(self, action: str, scope: str) -> bool:
        """Whether a client may."""
        return not any(denial.covers(action, scope) for denial in self._denials)

    def check(self, action: str, scope: str, *, client: str, object_id: str) -> None:
        """Raises 403 AuthorizationFailed in ARM's words (Azure/ARO-RP#66)."""
        if not self.allows(action, scope):
            raise ServiceError(
                403,
                "AuthorizationFailed",
                f"The client '{client}' with object id '{object_id}' does not have authorization to perform action '{action}' over scope "
                f"'{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
            )

    def check_linked(self, action: str, scope: str, linked: str, linked_scope: str, *, client: str, object_id: str) -> None:
        """Raises 403 LinkedAuthorizationFailed when ``linked`` on another resource is missing."""
        if not self.allows(linked, linked_scope):
            raise ServiceError(
                403,
                "LinkedAuthorizationFailed",
                f"The client '{client}' with object id '{object_id}' has permission to perform action '{action}' on scope '{scope}'; "
                f"however, it does not have permission to perform action(s) '{linked}' on the linked scope(s) '{linked_scope}' "
                "(respectively) or the linked scope(s) are invalid.",
            )
