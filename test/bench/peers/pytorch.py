"""One update of a recurrent network by PyTorch, eager, on one core: the other side of pytorch.ts.

Reads a case as one line of JSON from the standard input, answers with one line, until it is closed:

    {"cell": "lstm", "hidden": 32, "rows": 1, "window": 16, "inputs": 8, "leastMs": 20}
    {"microseconds": 660.1, "version": "2.15.0", "adam": "fused"}

One update is forward over the window with nn.LSTM or nn.GRU and a linear read-out of every step,
the mean Huber loss, backward, clip by global norm, Adam. A case is opened, warmed up and kept at
its first line; of Adam's implementations the one that is fastest there is taken.
"""

import argparse
import json
import statistics
import sys
import time

ADAMS = {
    "for-each": {"foreach": True},
    "fused": {"fused": True},
    "loop": {"foreach": False},
}
WARM_UP_UPDATES = 100
TRIAL_UPDATES = 100


def open_case(torch, case, adam):
    """A function that runs one update."""
    nn = torch.nn
    torch.manual_seed(1)
    rows, window, inputs = case["rows"], case["window"], case["inputs"]
    module = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[case["cell"]]
    recurrent = module(inputs, case["hidden"])
    read_out = nn.Linear(case["hidden"], 1)
    parameters = [*recurrent.parameters(), *read_out.parameters()]
    optimiser = torch.optim.Adam(
        parameters, lr=1e-3, betas=(0.0, 0.999), eps=1e-5, **ADAMS[adam]
    )
    x = torch.randn(window, rows, inputs)
    y = torch.randn(window, rows, 1)

    def update():
        optimiser.zero_grad(set_to_none=True)
        states, _ = recurrent(x)
        loss = nn.functional.huber_loss(read_out(states), y)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()

    return update


def seconds(update, updates):
    """On the wall or, where that is shorter because the machine was busy, of the processor."""
    start, start_processor = time.perf_counter(), time.process_time()
    for _ in range(updates):
        update()
    processor = time.process_time() - start_processor
    return min(time.perf_counter() - start, processor)


def fastest(torch, case):
    """The name of the fastest Adam and an update with it, warmed up."""
    found = []
    for adam in ADAMS:
        update = open_case(torch, case, adam)
        seconds(update, WARM_UP_UPDATES)
        found.append((seconds(update, TRIAL_UPDATES), adam, update))
    _, adam, update = min(found, key=lambda entry: entry[0])
    return adam, update


def microseconds_each(update, least_ms):
    """The median over updates that go on for least_ms together, as rounds.ts has it."""
    found, elapsed = [], 0.0
    while elapsed * 1000 < least_ms:
        found.append(seconds(update, 1))
        elapsed += found[-1]
    return statistics.median(found) * 1e6


def main():
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    # After the arguments, so that --help works without it.
    import torch

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    cases = {}
    for line in sys.stdin:
        case = json.loads(line)
        least_ms = case.pop("leastMs")
        key = json.dumps(case, sort_keys=True)
        if key not in cases:
            cases[key] = fastest(torch, case)
        adam, update = cases[key]
        answer = {
            "microseconds": microseconds_each(update, least_ms),
            "version": torch.__version__,
            "adam": adam,
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
