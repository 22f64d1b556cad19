r"""Sums and products: the letter over which they go has no meaning of its own."""

import pytest

from still_verl.rewards.equivalence.verify import verify

EQUAL = {
    r"\sum_{k=1}^{5}(3 k+5)": r"\sum_{k=1}^{5}(3k+5)",
    r"\sum_{k=1}^{n}(k+5)": r"\sum_{k=1}^{n}(5+k)",
    r"\prod_{k=1}^{5}(3 k+5)": r"\prod_{k=1}^{5}(3k+5)",
    r"\sum_{k=1}^{5}k(k+1)": r"\sum_{k=1}^{5}(k^2+k)",
    r"\sum_{n=0}^{\infty} \frac{x^n}{n!}": r"\sum_{k=0}^{\infty} \frac{x^k}{k!}",
    r"\sum_{k=1}^{n} 2^k k!": r"\sum_{j=1}^{n} 2^j j!",
    r"\sum_{k=1}^{n} a_k": r"\sum_{i=1}^{n} a_i",
    r"\sum_{i=0}^{\infty}\sum_{j=0}^\infty \frac{i}{j!}": r"\sum_{m=0}^{\infty}\sum_{n=0}^\infty \frac{m}{n!}",
}
DIFFERENT = {
    r"\sum_{k=1}^{n} a_k": r"\sum_{k=1}^{n} b_k",
    r"\sum_{k=1}^{n} a(k)": r"\sum_{k=1}^{n} 2a(k)",
    r"\sum_{k=1}^{n} k!": r"\sum_{m=1}^{n} k!",
    r"\sum_{k=1}^{m} k!": r"\sum_{k=1}^{n} k!",
    r"\sum_{j=1}^{n} j!": r"\sum_{n=1}^{n} n!",
    r"k+\sum_{k=0}^{\infty} k!": r"n+\sum_{n=0}^{\infty} n!",
    r"\sum_{k=1}^{n} k! \text{ kg}": r"\sum_{m=1}^{n} m! \text{ mg}",
    r"\prod_{p=1}^{\infty} (1-p^{-s})": r"\prod_{s=1}^{\infty} (1-s^{-p})",
    r"\lim_{n\to\infty} a_n": r"\lim_{n\to\infty} b_n",
}


@pytest.mark.parametrize(("gold", "answer"), EQUAL.items())
def test_the_name_of_an_index_and_blanks_change_nothing(gold: str, answer: str) -> None:
    assert verify(gold, answer)


@pytest.mark.parametrize(("gold", "answer"), DIFFERENT.items())
def test_a_letter_that_means_something_is_not_renamed(gold: str, answer: str) -> None:
    assert not verify(gold, answer)
