"""What the row above the charts says of a run in each of its states: its number, the facts beside it, its time."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content

from mnist_tui.events import EpochFinished, RunFailed
from mnist_tui.render import formatting
from mnist_tui.runs import published_results
from mnist_tui.runs.history import RunHistory, RunStatus

STOPPING = "stopping"
_REFERENCE_RECIPE = "reference"
_FAINT = "$muted"
# A change of less than a hundredth of a percent is not seen in the number.
_LEAST_CHANGE = 5e-5


@dataclass(frozen=True)
class Number:
    """The one number of a run: its accuracy, and whose accuracy that is."""

    value: float | None
    label: str
    style: str


def main_number(history: RunHistory) -> Number:
    """The newest test accuracy; before the first one, the training accuracy so far."""
    if history.finished is not None and history.status is RunStatus.FINISHED:
        return Number(history.finished.final_test_accuracy, "final test accuracy", "$text-success")
    last = history.last
    if last is not None:
        return Number(last.test_accuracy, "test accuracy", "$test")
    now = history.progress
    return Number(now.accuracy if now else None, "train accuracy so far", "$train")


def change(history: RunHistory) -> Content:
    """How the test accuracy has changed in the last epoch, in percentage points."""
    rows = history.rows
    if not rows:
        return Content.styled("first test after epoch 1", _FAINT)
    if len(rows) == 1:
        return Content.styled("after epoch 1", _FAINT)
    by = rows[-1].test_accuracy - rows[-2].test_accuracy
    since = (f" since epoch {rows[-2].epoch}", _FAINT)
    if abs(by) < _LEAST_CHANGE:
        return Content.assemble(("= 0.00", "bold"), since)
    sign, style = ("▲ +", "bold $text-success") if by > 0 else ("▼ −", "bold $text-error")
    return Content.assemble((f"{sign}{100 * abs(by):.2f}", style), since)


def best_text(best: EpochFinished | None) -> Content:
    """The best epoch so far; "" before there is one."""
    if best is None:
        return Content("")
    return Content.styled(f"★ best {formatting.percent(best.test_accuracy)} (epoch {best.epoch})", "$text-success")


def training_facts(history: RunHistory) -> list[tuple[str, str]]:
    """Accuracy on the training images, loss and learning rate: of the running epoch, or else of the last."""
    now, last = history.progress, history.last
    if now is not None:
        accuracy, loss, rate = now.accuracy, now.loss, now.learning_rate
    elif last is not None:
        accuracy, loss, rate = last.train_accuracy, last.train_loss, last.learning_rate
    else:
        return []
    facts = [("loss", formatting.loss(loss)), ("lr", formatting.rate(rate))]
    # Before the first test it is the large number already.
    return [("train now" if now else "train", formatting.percent(accuracy)), *facts] if history.epochs else facts


def time_facts(history: RunHistory, state: str) -> list[tuple[str, str]]:
    """What is left of epoch and run, and the speed; while nothing moves, why there is none of it."""
    now, left = history.progress, history.time_left()
    if state != RunStatus.TRAINING and state != RunStatus.EVALUATING:
        return [("epoch", state), ("so far", formatting.duration(history.seconds)), ("", "")]
    epoch = formatting.clock(left.epoch) + " left" if left else "…"
    if now is not None and now.phase == "evaluating":
        epoch = f"testing {100 * now.step // max(now.steps, 1)} %"
    speed = f"{now.images_per_second:,.0f} img/s" if now and now.images_per_second and left else "…"
    return [("epoch", epoch), ("run", f"{formatting.clock(left.run)} left" if left else "…"), ("speed", speed)]


def epochs_done(history: RunHistory) -> tuple[float, int]:
    """How far the run is, in epochs, and how many it has."""
    now, last = history.progress, history.last
    if now is not None:
        share = now.step / max(now.steps, 1) if now.phase == "training" else 1.0
        return now.epoch - 1 + share, now.epochs
    done = float(len(history.epochs))
    if history.checkpoint is not None and history.steps and not history.status.is_open:
        done = max(done, history.checkpoint.step / history.steps)
    return done, last.epochs if last else (history.record.count("epochs") if history.record else None) or 1


def epoch_title(history: RunHistory) -> str:
    """`epoch 3/15`, the one that is running or was running at the end; "" before the first."""
    now = history.progress
    if now is not None:
        return f"epoch {now.epoch}/{now.epochs}"
    last = history.last
    if last is None:
        return ""
    running = min(last.epoch + history.status.is_open, last.epochs)
    return f"epoch {running}/{last.epochs}"


def end_reason(history: RunHistory) -> str:
    """Why a run ended early, as a sentence."""
    if history.status is RunStatus.INTERRUPTED:
        return "The process ended unexpectedly in the middle of an epoch."
    reason = history.stopped.reason if history.stopped else ""
    if not reason:
        return "Stopped."
    if reason == "stopped in the dashboard":  # as older versions recorded it
        reason = "stopped from the dashboard"
    return f"{formatting.capitalize(reason)}." if reason.startswith("stopped") else f"Stopped: {reason}."


def resume_point(history: RunHistory) -> str:
    """`resumes at epoch 4 of 15, step 3,204 of 3,750`; "" without a checkpoint."""
    saved = history.checkpoint
    if saved is None:
        return ""
    steps, epochs = history.steps, epochs_done(history)[1]
    if not steps:
        return f"resumes at step {saved.step:,}"
    epoch, step = divmod(saved.step, steps)
    return f"resumes at epoch {epoch + 1} of {epochs}, step {step:,} of {steps:,}"


def statistics(history: RunHistory) -> list[tuple[str, str]]:
    """A finished run in figures, the most important first."""
    finished = history.finished
    if finished is None:
        return []
    chosen = "best test accuracy" if finished.selected_on == "test" else "test accuracy of the best epoch"
    facts = [
        (chosen, f"{formatting.percent(finished.best_test_accuracy)} (epoch {finished.best_epoch})"),
        ("mean epoch", formatting.duration(finished.mean_epoch_seconds)),
        ("total", formatting.duration(finished.seconds)),
        ("test loss at that epoch", formatting.loss(finished.best_test_loss)),
        ("train loss at that epoch", formatting.loss(finished.best_train_loss)),
    ]
    if is_reference_recipe(history):
        facts.insert(1, ("reference paper run", formatting.percent(published_results.BEST_TEST_ACCURACY)))
    return facts


def is_reference_recipe(history: RunHistory) -> bool:
    """Whether the published figures are of the same network, data and recipe."""
    record = history.record
    return (
        record is not None
        and record.data.name == "mnist"
        and record.model.name == _REFERENCE_RECIPE
        and record.text("recipe") == _REFERENCE_RECIPE
    )


def failure_title(failed: RunFailed) -> str:
    """What was raised, and where: `ValueError · bad.py:7 in forward`."""
    return failed.place or failed.error


def short_fact(label: str, value: str) -> Content:
    """A label and its value."""
    return Content.assemble((f"{label} " if label else "", _FAINT), (value, "bold"))
