"""Groups of commands, which say of one that there is not what may have been meant."""

from __future__ import annotations

import click


class Commands(click.Group):
    """A group of commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command named first; of one that there is not, say what may have been meant, or what there is."""
        name, names = args[0], self.list_commands(ctx)
        if name not in names and not name.startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near = [repr(one) for one in get_close_matches(name[:80].lower(), names, n=2)]
            meant = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(names)}."
            ctx.fail(f"No such command {name!r}. {meant}")
        return super().resolve_command(ctx, args)
