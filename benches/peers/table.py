"""The table of ratios, as Markdown."""


def _time(ms):
    return f"{1e3 * ms:.2f} us" if ms < 0.01 else f"{ms:.3g} ms"


def _ratio(value):
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def best(rows):
    """The fastest row of every solver, the fastest solver first."""
    fastest = {}
    for row in sorted((row for row in rows if row["total_ms"] is not None), key=lambda row: row["total_ms"]):
        fastest.setdefault(row["solver"], row)
    return list(fastest.values())


def markdown(case, dini, peers):
    """One table a case: dini's solvers and the peers, each with its time over that of dini's fastest."""
    solvers = best(dini)
    if not solvers:
        return f"**{case}**: dini has no result.\n"
    ours = solvers[0]
    bounds = [("of its own products", "gemm_bound_ms"), ("of the plain fixed-point iteration", "fixed_point_bound_ms")]
    known = [(name, ours[key]) for name, key in bounds if ours.get(key)]
    against = "; ".join(f"{name} {_time(bound)}, dini / bound {ours['total_ms'] / bound:.2f}" for name, bound in known)
    lines = [
        f"**{case}**" + (f" (GEMM bound {against})" if against else ""),
        "",
        "| | forward | forward + backward | ratio forward | ratio total | error of z | error of dL/dx |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    entries = [(f"**dini** {row['solver']} + {row['adjoint']}", row) for row in solvers]
    for row in peers:
        mark = "" if row["status"] == "met" else " (tolerance not met)"
        entries.append((row["peer"] + mark, row))
    for name, row in sorted((e for e in entries if e[1]["total_ms"] is not None), key=lambda e: e[1]["total_ms"]):
        ratios = [_ratio(row[key] / ours[key]) for key in ("forward_ms", "total_ms")]
        lines.append(
            f"| {name} | {_time(row['forward_ms'])} | {_time(row['total_ms'])} | {ratios[0]} | {ratios[1]} "
            f"| {row['z_error']:.1e} | {row['dx_error']:.1e} |"
        )
    for row in (p for p in peers if p["total_ms"] is None):
        lines.append(f"| {row['peer']}: {row['status']} | - | - | - | - | - | - |")
    return "\n".join(lines) + "\n"
