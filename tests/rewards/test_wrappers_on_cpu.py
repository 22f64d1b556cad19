"""What people and models put around an answer inside its box: colours, fonts, currencies, check marks, words."""

import pytest

from still_verl.rewards.compose import score
from still_verl.rewards.presets import BOXED

# `gold | what is in the box`
SAME = r"""
5 | 5元
5 | 5\text{元}
5 | 5\text{ 元}
73 | 73个
73 | 73 \text{个}
12 | 12米
12 | 12\text{厘米}
18 | €18
18 | 18€
18 | £18
18 | ¥18
18 | ￥18
18 | ₹18
18 | \$18
18 | \text{\$18}
18 | \text{€}18
18 | \textcolor{blue}{18}
18 | \color{red}{18}
18 | {\color{red}18}
18 | {\color{red} 18}
18 | \color{red} 18
18 | \colorbox{yellow}{18}
18 | \textcolor[rgb]{1,0,0}{18}
18 | \textcolor{red}{\mathbf{18}}
18 | 18\checkmark
18 | 18 \checkmark
18 | 18 ✓
18 | 18 ✅
18 | 18\ \blacksquare
18 | 18 \quad \square
18 | 18 \qed
18 | 18 \ \Box
18 | 18 ∎
18 | \underline{18}
18 | \mathbf{18}
18 | \mathbf{{18}}
18 | \boldsymbol{18}
18 | \bf 18
18 | \Large 18
18 | {\Large 18}
18 | \huge{18}
18 | \mathit{18}
18 | \mathsf{18}
18 | \mathtt{18}
18 | \texttt{18}
18 | \emph{18}
18 | **18**
18 | `18`
18 | __18__
18 | "18"
18 | \fbox{18}
18 | \boxed{18}
18 | \displaystyle 18
18 | \begin{array}{c}18\end{array}
18 | \begin{aligned}18\end{aligned}
18 | \begin{gathered}18\end{gathered}
18 | \begin{matrix}18\end{matrix}
18 | ＝18
18 | = 18
18 | １８
18 | 18。
18 | 18.
18 | 18;
18 | 18℃
18 | 18°C
18 | 18 \text{ sq. units}
18 | 18 sq. units
18 | 18 \frac{\text{m}}{\text{s}}
18 | 18\ \mathrm{m/s}
18 | \text{答案：}18
18 | 答案：18
18 | \text{Answer: }18
18 | \text{The answer is } 18
18 | Answer: 18
C | \text{Option C}
C | Option C
C | option (C)
C | \text{(C)}
C | \textbf{C}
C | \mathbf{C}
C | \mathrm{C}
C | \boldsymbol{C}
C | 选C
C | 选 C
C | 选项C
C | 选择C
C | \text{选}C
C | \text{选C}
C | 答案：C
C | \text{Choice C}
C | \text{Answer: C}
C | C - 12
C | C. 12
C | C: 12
C | C) 12
C | (C) 12
C | \textbf{(C)}\ 12
C | \text{C. } 12
C | \text{C}
C | C.
C | [C]
C | {C}
C | \textcolor{blue}{C}
C | **C**
"""
DIFFERENT = r"""
C | \text{Option B}
C | 选B
C | B - 12
C | C or B
C | 选C或B
C | \text{C and D}
C | \text{Not C}
C | \text{not option C}
C | C - B
18 | 18元5角
18 | €81
18 | \textcolor{18}{81}
18 | \textcolor{red}{81}
18 | \color{18}
18 | 18\text{ or }81
18 | 1\textcolor{red}{8}1
18 | 18个或19个
18 | 18\%
18 | 18\text{万}
5 | 5千
5 | 5百元
18 | \sout{18}
18 | \cancel{18}
18 | 81✓
18 | 不是18
18 | 18不对
18 | 非18
18 | ₹81
18 | \text{81}
18 | \begin{array}{c}1\\8\end{array}
18 | \begin{array}{cc}1&8\end{array}
C | 选项B
C | [B]
C | \textcolor{C}{B}
C | D. C
C | \mathbb{C}
5 | -\textcolor{red}{5}
"""


def pairs(table: str) -> list[list[str]]:
    return [line.split(" | ", 1) for line in table.strip().splitlines()]


@pytest.mark.parametrize(("gold", "content"), pairs(SAME))
def test_what_is_around_an_answer_does_not_change_it(gold: str, content: str) -> None:
    row = score(rf"\boxed{{{content}}}", gold, BOXED)
    assert row["acc"] == 1.0, row


@pytest.mark.parametrize(("gold", "content"), pairs(DIFFERENT))
def test_what_does_change_it_is_read(gold: str, content: str) -> None:
    row = score(rf"\boxed{{{content}}}", gold, BOXED)
    assert row["acc"] == 0.0, row
