"""A linkage on the terminal: what it made of the notices, how good that was, and the waterfall of one pair."""

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integration_engine.appraisal.account import Account, Step
from integration_engine.linkage.evaluation import Evaluation
from integration_engine.linkage.recall import Recall
from integration_engine.linkage.resolve import Resolution
from integration_engine.linkage.wording import comparison, level, reason

_SHOWN_REVIEWS = 12
_BAR = 20
_STATES = {
    "joined": "[green]one child[/]: joined",
    "person": "[yellow]for a person[/] to settle",
    "apart": "[bold]two children[/]: kept apart",
}


def show_summary(out: Console, figures: Mapping[str, str], resolution: Resolution) -> None:
    """What the notices came to, and the pairs that say most for one child and yet need a person."""
    table = Table(title="Linkage", show_header=False, title_justify="left")
    for name, value in figures.items():
        table.add_row(name, value)
    out.print(table)
    if resolution.reviews:
        pairs = Table("notice", "notice", "bits", "why", title="Most telling pairs for a person", title_justify="left")
        for review in resolution.reviews[:_SHOWN_REVIEWS]:
            pairs.add_row(escape(review.a), escape(review.b), f"{review.score:.1f}", ", ".join(review.why))
        out.print(pairs)


def show_evaluation(out: Console, found: Evaluation) -> None:
    """Everything that was counted against the truth."""
    every = found.all_pairs
    table = Table(title="Against the truth", show_header=False, title_justify="left")
    table.add_row("notices, children, clusters", f"{found.notices:,}, {found.children:,}, {found.clusters:,}")
    table.add_row("precision", f"{found.precision:.6f}")
    table.add_row("recall, automatic", f"{found.recall:.4f}")
    table.add_row("  95% interval", f"{every.low:.4f} to {every.high:.4f}")
    table.add_row("  between agencies", f"{found.between_agencies.share:.4f}")
    table.add_row("recall after perfect review", f"{found.recall_after_review:.4f}")
    table.add_row("pairs lost to nobody", f"{every.lost:,} of {every.pairs:,}")
    table.add_row("F1 of pairs; B-cubed F1", f"{found.f1:.4f}; {found.bcubed_f1:.4f}")
    table.add_row("wrong clusters", _with_kinds(found.wrong_clusters, found.wrong_clusters_by_kind))
    table.add_row("false merges (pairs) by kind", _kinds(found.false_merges) or "none")
    table.add_row("twin false merges", f"{found.twin_false_merges:,}")
    table.add_row("children whole and alone", f"{found.whole_children:,}")
    table.add_row("reviews per 100 children", f"{found.review_load:.2f}")
    table.add_row("of which true", f"{found.review_true_share:.1%}")
    out.print(table)
    reasons = _table("Reviews by reason (a pair may have several)", "reason", "pairs", "true", "share")
    for code, asked in sorted(found.reviews_by_reason.items(), key=lambda item: (-item[1].pairs, item[0])):
        reasons.add_row(code, f"{asked.pairs:,}", f"{asked.true:,}", f"{asked.true / asked.pairs:.0%}")
    out.print(reasons)
    for title, parts in (
        ("Recall by name group", found.name_groups),
        ("Recall by kind of family", found.kinds),
        ("Recall by mistake in either notice", found.noises),
    ):
        if parts:
            out.print(_recalls(title, parts))
    if gap := found.name_gap:
        out.print(
            f"Between name groups of {gap.least} pairs or more: {gap.worst} {gap.size:.4f} behind {gap.best}",
            highlight=False,
        )


def _with_kinds(count: int, kinds: Mapping[str, int]) -> str:
    return f"{count:,} ({_kinds(kinds)})" if count else "0"


def _kinds(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {n:,}" for kind, n in kinds.items())


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(columns[0])
    for column in columns[1:]:
        table.add_column(column, justify="right")
    return table


def _recalls(title: str, parts: Mapping[str, Recall]) -> Table:
    table = _table(title, "", "pairs", "recall", "95% interval", "after review", "lost")
    for name, part in parts.items():
        table.add_row(
            escape(name),
            f"{part.pairs:,}",
            f"{part.share:.4f}",
            f"{part.low:.3f} to {part.high:.3f}",
            f"{part.share_after_review:.4f}",
            f"{part.lost:,}",
        )
    return table


def show_account(out: Console, account: Account) -> None:
    """The waterfall of a pair, what speaks against it, and what became of it once all notices were known."""
    shown = account.waterfall
    title = f"{escape(shown.a)} and {escape(shown.b)} (model {shown.model}, names {account.names})"
    table = Table(title=title, title_justify="left")
    table.add_column("comparison", no_wrap=True)
    table.add_column("level", overflow="fold")
    table.add_column("bits", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, min_width=_BAR + 1)
    for step in account.steps:
        table.add_row(comparison(step.comparison), level(step.comparison, step.level), f"{step.bits:+.1f}", _bar(step))
    table.add_section()
    table.add_row("weight", "", f"{shown.score:+.1f}", "")
    out.print(table)
    for kind, codes in (("veto", shown.vetoes), ("for a person", shown.holds)):
        for code in codes:
            out.print(f"[bold]{kind}: {code}[/] {reason(code)}", highlight=False)
    limits = f"a person is asked from {shown.asked_from:g} bits, joined is from {shown.joined_from:g}"
    out.print(f"verdict of the pair alone: {shown.verdict} ({limits})", highlight=False)
    out.print(f"\nWith all notices known: {_STATES[account.verdict.state]}", highlight=False)
    for why in account.verdict.reasons:
        where = "" if {why.a, why.b} == {shown.a, shown.b} else f" ({escape(why.a)} and {escape(why.b)})"
        out.print(f"[bold]{why.code}[/]{where} {reason(why.code)}", highlight=False)
    if account.verdict.unasked:
        out.print(f"[bold]{account.verdict.unasked}[/] {reason(account.verdict.unasked)}", highlight=False)
    if len(account.verdict.way) > 1:
        steps = ", ".join(f"{escape(e.a)}-{escape(e.b)} {e.compared.score:+.1f}" for e in account.verdict.way)
        out.print(f"by way of {steps}", highlight=False)


def _bar(step: Step) -> str:
    """The bar of one step between where the weight stood before it and after."""
    lowest, highest = step.span
    unit = _BAR / max(1.0, highest - lowest)
    start, end = sorted((step.before, step.before + step.bits))
    before, length = round((start - lowest) * unit), max(1, round((end - start) * unit))
    return " " * min(before, _BAR - 1) + ("[green]" if step.bits > 0 else "[red]") + "█" * length + "[/]"
