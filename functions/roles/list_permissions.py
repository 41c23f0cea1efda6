"""GET /admin/permissions (R3)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rollcall.grants.permissions import Permission
from rollcall.kit.call import Call
from rollcall.kit.model import Answer
from rollcall.kit.paging import Page, PageRequest, paginate
from rollcall.operations import operation


class ListPermissions(PageRequest):
    """The page of the permissions. By default, one page has all of them."""

    limit: Annotated[int, Field(ge=1, le=1000, description="Items per page.")] = 100


class PermissionAnswer(Answer):
    """A permission, and what it allows."""

    permission: Permission
    description: str


class PermissionPage(Page[PermissionAnswer]):
    """A page of permissions, by area."""


@operation("GET /admin/permissions", permission=Permission.PERMISSION_VIEW)
def list_permissions(request: ListPermissions, call: Call) -> PermissionPage:
    """List all permissions, with what each allows."""
    permissions, pagination = paginate(list(Permission), request)
    items = [
        PermissionAnswer(permission=each, description=each.__doc__ or "") for each in permissions
    ]
    return PermissionPage(items=tuple(items), pagination=pagination)
