"""Golden vectors for the recurrent engine, computed by PyTorch in double precision.

    python -m venv venv && venv/bin/pip install torch numpy
    venv/bin/python test/golden/generate.py

writes vectors.json beside this file. For each cell at one and two layers, and for a gru and an lstm
with normalised gates: outputs, mean Huber loss and its gradient over one window, then three updates
of clip by global norm and Adam with beta1 = 0.

Our parameter layout: for each layer the rows [W_ih | W_hh], then the biases; a gru has the
recurrent bias of its candidate as a fourth block. PyTorch's second bias is otherwise redundant: it
is zero and takes no gradient. A normalised layer has the gains behind its biases, block by block.
The read-out sees h of every layer and the raw input.
"""

import json
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import rms_norm

INPUTS, HIDDEN, OUTPUTS, STEPS, UPDATES = 3, 5, 2, 7, 3
CLIP, DELTA, RATE, BETA2, EPSILON = 0.3, 1.0, 0.01, 0.999, 1e-5
NORMALISER_EPSILON = 1e-5
MODULES = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}

torch.set_default_dtype(torch.float64)


def single(t):
    """Rounded to what a 32-bit float holds, so that both sides start from the same numbers."""
    return t.to(torch.float32).to(torch.float64)


class NormalisedLayer(nn.Module):
    """A gru or lstm whose blocks of HIDDEN pre-activations each pass rms_norm before the bias."""

    def __init__(self, cell, width):
        super().__init__()
        self.cell = cell
        gates = {"gru": 3, "lstm": 4}[cell]
        self.of_input = nn.Linear(width, gates * HIDDEN, bias=False)
        self.of_hidden = nn.Linear(HIDDEN, gates * HIDDEN, bias=False)
        self.bias = nn.Parameter(torch.empty(4, HIDDEN))
        self.gain = nn.Parameter(torch.empty(4, HIDDEN))

    def forward(self, x, start):
        h, c = (start[0][0], start[1][0]) if self.cell == "lstm" else (start[0], None)
        steps = []
        for row in x:
            h, c = self.step(row, h, c)
            steps.append(h)
        return torch.stack(steps), None

    def step(self, x, h, c):
        u, v = self.of_input(x).split(HIDDEN), self.of_hidden(h).split(HIDDEN)
        if self.cell == "lstm":
            i, f, g, o = self.normalised([a + b for a, b in zip(u, v)])
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            return o.sigmoid() * c.tanh(), c
        r, z, n, inside = self.normalised([u[0] + v[0], u[1] + v[1], u[2], v[2]])
        n = (n + r.sigmoid() * inside).tanh()
        z = z.sigmoid()
        return (1 - z) * n + z * h, None

    def normalised(self, blocks):
        pairs = zip(blocks, self.gain, self.bias)
        return [rms_norm(a, (HIDDEN,), gain, NORMALISER_EPSILON) + bias for a, gain, bias in pairs]

    def parts(self, of):
        """Its parameters, or their gradients, in our layout."""
        rows = torch.cat([of(self.of_input.weight), of(self.of_hidden.weight)], dim=1)
        return [rows.flatten(), of(self.bias).flatten(), of(self.gain).flatten()]


class Network(nn.Module):
    def __init__(self, cell, layers, normalise):
        super().__init__()
        self.cell = cell
        self.normalise = normalise
        widths = [INPUTS] + [HIDDEN] * (layers - 1)
        if normalise:
            self.layers = nn.ModuleList(NormalisedLayer(cell, w) for w in widths)
        else:
            self.layers = nn.ModuleList(MODULES[cell](w, HIDDEN) for w in widths)
        self.read_out = nn.Linear(layers * HIDDEN + INPUTS, OUTPUTS)
        for p in self.parameters():
            p.data = single(torch.randn_like(p) * 0.5)
        if not normalise:
            self.drop_second_biases()

    def drop_second_biases(self):
        kept = 2 * HIDDEN if self.cell == "gru" else None
        for layer in self.layers:
            layer.bias_hh_l0.data[:kept] = 0

            def zero(g, kept=kept):
                g = g.clone()
                g[:kept] = 0
                return g

            layer.bias_hh_l0.register_hook(zero)

    def forward(self, x, h, c):
        features = []
        below = x
        for l, layer in enumerate(self.layers):
            start = (h[l : l + 1], c[l : l + 1]) if self.cell == "lstm" else h[l : l + 1]
            below, _ = layer(below, start)
            features.append(below)
        return self.read_out(torch.cat([*features, x], dim=1))

    def flat(self, of):
        """All parameters, or their gradients, in our layout."""
        parts = []
        for layer in self.layers:
            if self.normalise:
                parts += layer.parts(of)
                continue
            rows = torch.cat([of(layer.weight_ih_l0), of(layer.weight_hh_l0)], dim=1)
            parts += [rows.flatten(), of(layer.bias_ih_l0)]
            if self.cell == "gru":
                parts.append(of(layer.bias_hh_l0)[2 * HIDDEN :])
        parts += [of(self.read_out.weight).flatten(), of(self.read_out.bias)]
        return torch.cat(parts)


def numbers(t):
    return [float(f"{v:.9g}") for v in t.detach().flatten().tolist()]


def case(cell, layers, normalise=False):
    torch.manual_seed(100 * layers + len(cell))
    net = Network(cell, layers, normalise)
    x = single(torch.randn(STEPS, INPUTS))
    targets = single(torch.randn(STEPS, OUTPUTS) * 2)
    mask = torch.rand(STEPS, OUTPUTS) < 0.5
    mask[STEPS - 2, 0] = True
    h = single(torch.randn(layers, HIDDEN) * 0.5)
    c = single(torch.randn(layers, HIDDEN) * 0.5)
    optimiser = torch.optim.Adam(net.parameters(), lr=RATE, betas=(0.0, BETA2), eps=EPSILON)
    loss_of = nn.HuberLoss(delta=DELTA)
    out = {
        "cell": cell,
        "layers": layers,
        **({"normalise": True} if normalise else {}),
        "parameters": numbers(net.flat(lambda p: p)),
        "state": numbers(torch.cat([h, c]) if cell == "lstm" else h),
        "inputs": numbers(x),
        "targets": numbers(targets),
        "mask": [int(m) for m in mask.flatten()],
        "updates": [],
    }
    for update in range(UPDATES):
        optimiser.zero_grad()
        y = net(x, h, c)
        loss = loss_of(y[mask], targets[mask])
        loss.backward()
        if update == 0:
            out["outputs"] = numbers(y)
            out["gradient"] = numbers(net.flat(lambda p: p.grad))
        norm = nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        optimiser.step()
        out["updates"].append(
            {
                "loss": float(f"{loss.item():.9g}"),
                "gradientNorm": float(f"{norm.item():.9g}"),
                "parameters": numbers(net.flat(lambda p: p)),
            }
        )
    return out


vectors = {
    "torch": torch.__version__.split("+")[0],
    "inputs": INPUTS,
    "hidden": HIDDEN,
    "outputs": OUTPUTS,
    "steps": STEPS,
    "options": {
        "learningRate": RATE,
        "beta2": BETA2,
        "epsilon": EPSILON,
        "clipNorm": CLIP,
        "huberDelta": DELTA,
    },
    "cases": [case(cell, layers) for cell in MODULES for layers in (1, 2)]
    + [case(cell, layers, True) for cell in ("gru", "lstm") for layers in (1, 2)],
}
path = Path(__file__).parent / "vectors.json"
path.write_text(json.dumps(vectors, separators=(",", ":")) + "\n")
for v in vectors["cases"]:
    print(v["cell"], v["layers"], [(u["loss"], u["gradientNorm"]) for u in v["updates"]])
