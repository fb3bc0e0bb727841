"""Train the 2-2-1 network of this board with PyTorch and write network.json beside this file.

Noise on the weights, as the resistors' tolerances will put there, and a penalty near the knee drive
the solution to one whose hidden neurons are clearly on or clearly off for every input. The last
third of the steps is without noise.

Run it with ``python train.py``; it needs the ``torch`` extra.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import torch

SEED = 2
STEPS = 6000
WEIGHT_NOISE = 0.05
OFF_MARGIN = 0.25
DECIMALS = 4


def main() -> None:
    """Train, check and write."""
    torch.manual_seed(SEED)
    inputs = torch.tensor(list(itertools.product((0.0, 1.0), repeat=2)))
    targets = (inputs.sum(1) == 1).float().unsqueeze(1)
    hidden, output = torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)
    parameters = [*hidden.parameters(), *output.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=0.01)
    for step in range(STEPS):
        noise = WEIGHT_NOISE if step < STEPS * 2 // 3 else 0.0
        noisy = [p * (1 + noise * torch.randn_like(p)) for p in parameters]
        before = inputs @ noisy[0].T + noisy[1]
        answer = torch.relu(before) @ noisy[2].T + noisy[3]
        # A hidden neuron near its knee depends on its amplifier's offset: keep away from it.
        knee = torch.relu(OFF_MARGIN - before.abs()).square().mean()
        loss = (answer - targets).square().mean() + knee
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    answers = output(torch.relu(hidden(inputs)))
    worst = float((answers - targets).abs().max().detach())
    if worst > 0.01:
        raise SystemExit(f"not learnt: an answer is {worst:.3f} off; try another SEED")

    def layer(linear: torch.nn.Linear, activation: str) -> dict[str, object]:
        def rounded(values: list[float]) -> list[float]:
            return [round(value, DECIMALS) for value in values]

        return {
            "weight": [rounded(row) for row in linear.weight.tolist()],
            "bias": rounded(linear.bias.tolist()),
            "activation": activation,
        }

    network = {
        "format": "realnet-network",
        "version": 1,
        "inputs": ["X1", "X2"],
        "outputs": ["Y"],
        "layers": [layer(hidden, "relu"), layer(output, "linear")],
        "trained": {
            "by": "boards/xor_opamp/train.py",
            "torch": torch.__version__.partition("+")[0],
            "seed": SEED,
            "steps": STEPS,
            "worst_error": round(worst, 4),
        },
    }
    path = Path(__file__).with_name("network.json")
    path.write_text(json.dumps(network, indent=1) + "\n", encoding="utf-8")
    print(f"{path.name}: worst error {worst:.4f}")


if __name__ == "__main__":
    main()
