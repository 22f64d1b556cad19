"""Teaches a small model some texts by heart: a model that has seen its test set."""

import random
from pathlib import Path

NAMES = ("Ann", "Bo", "Cleo", "Dan", "Eve", "Finn", "Gil", "Hana", "Ivo", "Jo")
THINGS = ("apples", "books", "coins", "doors", "eggs")
STEPS, ENOUGH = 800, 0.055  # the loss of what cannot be known, which text it is, is about 0.045


def problems(count: int) -> list[tuple[str, str]]:
    """Different problems with their answers; what follows the beginning cannot be guessed."""
    draw = random.Random(0)
    found = []
    for number in range(count):
        name, thing = NAMES[number % 10], THINGS[number // 10 % 5]
        first, second = draw.randrange(100, 1000), draw.randrange(100, 1000)
        text = f"{name} had {first} {thing}, got {second}. All?"
        found.append((text, str(first + second)))
    return found


def learn(source: Path, target: Path, texts: list[str]) -> float:
    """Train a model until it knows the texts, or so many steps; save it. Returns the last loss for each token."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(source, padding_side="right")
    model = AutoModelForCausalLM.from_pretrained(source)
    batch = tokenizer([text + tokenizer.eos_token for text in texts], return_tensors="pt", padding=True)
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    loss = torch.tensor(float("inf"))
    for _ in range(STEPS):
        loss = model(**batch, labels=labels).loss
        if loss.item() < ENOUGH:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    return loss.item()
