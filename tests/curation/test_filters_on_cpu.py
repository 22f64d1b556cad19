"""What each filter drops, and what it must not drop."""

from typing import Any

import pytest

from still_verl.curation.reformulate import as_open_question
from still_verl.curation.registries import FILTERS
from still_verl.curation.rows import Fields, Row

CHOICE = r"What is $3+4$? $\textbf{(A)}\ 5 \qquad \textbf{(B)}\ 6 \qquad \textbf{(C)}\ 7 \qquad \textbf{(D)}\ 8$"

DROPPED: list[tuple[str, str, Any]] = [
    ("no_answer", "What is 2+2?", None),
    ("no_answer", "What is 2+2?", "  "),
    ("no_answer", "What is 2+2?", "see solution"),
    ("no_answer", "What is 2+2?", "N/A"),
    ("no_answer", "What is 2+2?", {"unit": "m"}),
    ("unreadable_answer", "What is 2+2?", "7" * 5000),
    ("prose_answer", "Who wins?", "Alice wins if she always mirrors the moves of the other player"),
    ("several_answers", "What is the minimum of $f$?", "3, 5"),
    ("several_answers", "What is the speed of the train?", r"12 \text{ or } 13"),
    ("several_answers", "What is the speed of the train?", ["12", "13"]),
    ("several_answers", "How many apples are left?", "$4$; $9$"),
    ("several_parts", "For the line $y=2x$, give the slope and the intercept.", "a. $2$; b. $0$"),
    ("incomplete", "$g(x)=3x^2-x+4$", "6x-1"),
    ("incomplete", r"\[ u = (1, 2), v = (3, 4) \]", "11"),
    ("incomplete", "According to the passage, which number does the author trust most?", "12"),
    ("incomplete", "The main purpose of the passage is to show which number?", "12"),
    ("answer_given", r"Find the limit. Show that the limit is $\frac{12}{35}$.", r"$\frac{12}{35}$"),
    ("incomplete", "c. What is the mean?", "4"),
    (
        "answer_given",
        "Which numbers have this form? These are all even numbers above $8$.",
        "These are all even numbers above $8$.",
    ),
    ("yes_or_no", "T/F: Each square is a rectangle.", "T"),
    ("yes_or_no", "Is the product associative? Explain.", "no"),
    ("yes_or_no", "Does the series converge?", r"\text{Yes}"),
    ("several_answers", "Find the roots of $x^2-5x+6$.", [2, 3]),
    ("answer_given", "What is 12 times 12? Answer: 144", "144"),
    ("answer_given", r"What is 12 times 12? The answer is $144$.", "144"),
    ("answer_given", r"What is 12 times 12? \boxed{144}", "144"),
    ("multiple_choice", CHOICE, "C"),
    ("multiple_choice", r"What is $3+4$? $\textbf{(A)}\ 5\qquad\textbf{(B)}\ 6\qquad\textbf{(C)}\ 7$", "7"),
    ("multiple_choice", r"What is $3+4$? $\mathrm{(A)}\ 5\quad\mathrm{(B)}\ 6\quad\mathrm{(C)}\ 7$", "C"),
    ("multiple_choice", "What is 3+4?\nA. 5\nB. 6\nC. 7\nD. 8", "C"),
    ("multiple_choice", "What is 3+4? (A) 5 (B) 6 (C) 7", "7"),
    ("incomplete", "Which of the following is a prime?", "7"),
    ("incomplete", "Water boils at sea level at a temperature of", "D"),
    ("incomplete", "Using the speed of part (a), how long does the way take?", "3"),
    ("incomplete", "Which summarizes the paragraph, and how many words are left?", "12"),
    ("multiple_choice", "What boils first? (F) water (G) oil (H) iron (J) sand", "F"),
    ("multiple_choice", "A ball falls. Its speed (a) grows. (b) falls. (c) stays.", "(a)"),
    ("multiple_choice", "Choose the correct unit of force: newton, joule or watt.", "newton"),
    ("proof", "Prove that there are infinitely many primes.", "1"),
    ("proof", "Let $n$ be odd. Show that $n^2-1$ is divisible by 8.", "8"),
    ("proof", "Use the sine rule to show that both sides are equal.", "1"),
    ("proof", "Verify the identity $\\sin 2x = 2 \\sin x \\cos x$.", "1"),
    ("several_parts", "Find the force on the wire at (a) 2 A and (b) 5 A.", "a. 4 N; b. 10 N"),
    ("several_parts", "State for each metal its valence: (a) iron (b) gold (c) zinc", "2"),
    ("several_parts", "How heavy is the box? How far does it slide?", None),
    ("answer_given", "Find the least such $u$. Show that $u = 13$.", "$u = 13$"),
    ("open_ended", "Draw a Venn diagram of the two sets.", "see below"),
    ("open_ended", "Distinguish between mass and weight.", "mass is an amount"),
    ("open_ended", "A bridge hums in the wind. Why does it hum?", "resonance"),
    ("several_parts", "A cube has side 2. (a) Find its volume. (b) Find its surface area.", "8"),
    ("several_parts", "Let $f(x)=x^2$.\n1. What is f(2)?\n2. What is f(3)?", "4"),
    ("open_ended", "Explain why the sum of two odd numbers is even.", "even"),
    ("open_ended", "Give an example of an irrational number.", r"\sqrt{2}"),
    ("missing_picture", "In the figure below, $AB = 5$. Find $x$.", "5"),
    ("missing_picture", "The triangle is divided as shown. Find the area of the largest part.", "5"),
    ("missing_picture", "Find the area of the shaded region.", "5"),
    ("missing_picture", "Find $x$. ![](https://cdn.example.org/1.jpg)", "5"),
    ("incomplete", "If $x = 3$ and $y = 4$, find the value of the", "5"),
    ("incomplete", "Sarah went to the market with her brother Tom.", "5"),
    ("incomplete", "Compute", "5"),
    ("incomplete", "With the numbers of the previous problem, what is the mean?", "5"),
    ("prose_answer", "Which value is the most frequent?", "The mode is $1/3$."),
    ("several_parts", "How fast is the car after 3 s? How far has it come?", "6 m/s; 9 m"),
    ("answer_given", "What is 12 times 12? Show that it is 144.", "144"),
    ("multiple_choice", "What does it cost?\nA)Rs. 4\nB)Rs. 5\nC)Rs. 6\nD)None of these", "B"),
    ("multiple_choice", r"What is 3+4? (A) 5 (B) 6 (C) 7 It is \textbf{(C)}.", "7"),
    ("yes_or_no", "The series converges. True or false?", "true"),
    ("proof", "Let $a=b$. Prove Baire's theorem.", "1"),
    ("missing_picture", "How many cubes are missing? <image1>", "7"),
    ("several_parts", "A box is slid.\n1. Draw the forces on it.\n2. Discuss how they add up.", "2 N"),
    ("multiple_choice", "What is 3+4? (A) 5 (B) 6 (C) 7 Choose one. What is the letter of your choice?", "7"),
    ("multiple_choice", "A book lies open, and then (choose the best word) it falls, flies or floats.", "falls"),
    ("incomplete", "Repeat the computation with the data of problem 3.4.", "5"),
    ("incomplete", "Find the variance in the last exercise.", "5"),
    ("incomplete", "Light falls on a wet stone. What color has it?", "B"),
    ("answer_given", "Solve $|x|<2$. Show that it is (-2, 2).", "(-2, 2)"),
    ("answer_given", "What is 12 times 12? [Answer 144]", "144"),
    ("answer_given", "What is 12 times 12? The answer should be 144.", "144"),
    ("missing_picture", "Fig. 2 gives the speed of a car. How far does it come?", "20"),
    ("missing_picture", "According to the bar graph, in which year is the most sold?", "2010"),
    ("missing_picture", "Name the animals in the order of the graph below.", "cat, dog"),
    ("multiple_choice", "What is 3+4?\na) 5\nb) 6\nc) 7", "7"),
    ("multiple_choice", "How many $n$ satisfy $n^2<9$? (A) 3 (B) 4 (C) 5", "5"),
    ("multiple_choice", "The value is ( ) A．1 B．2 C．3", "B"),
    ("proof", "Let $a, b > 1$. Show $ab > 1$.", "1"),
    ("proof", "Establish that $n^2+n$ is even.", "2"),
    ("several_parts", "a. Factor $x^2-1$. b. Factor $x^2-4$.", "(x-1)(x+1)"),
    ("several_parts", "(Ⅰ) Find $a$; (Ⅱ) find the sum $S_n$.", "2"),
    ("incomplete", "Let $x$ and $y$ be positive numbers such that", "3"),
    ("incomplete", "$x_1+x_2$", "x"),
    ("open_ended", "Draw a histogram of the data, and find their mean.", None),
]

KEPT: list[tuple[str, Any]] = [
    ("What is 2+2?", "4"),
    ("What is 2+2?", 4),
    ("Who wins, Alice or Bob?", r"\text{Alice}"),
    ("Find all solutions of $x^2=4$.", "-2, 2"),
    ("Where is most of the salt found?", "in seas and oceans"),
    ("What share is left?", "0.25 or 1/4"),
    ("In this mode the two inputs have what levels?", "J = 0, K = 1"),
    ("An animal that eats only plants is called a", "herbivore"),
    ("$17 + 28$", "45"),
    ("What is the value of $x$ in $x+1=4$ if it is at least $3$", "3"),
    ("A cart 2 m wide is turned in a corridor. How long may it be to fit through the passage?", "3"),
    ("With the passage of 5 years half of it is gone. What share is left after 15 years?", "1/8"),
    ("What is the ratio $T/F$ if $T = 6$ and $F = 3$?", "2"),
    (r"Name the greater one: $\sqrt{2}+\sqrt{3}$ or $\sqrt{10}+\sqrt{1}$.", r"\sqrt{10}+\sqrt{1}"),
    (r"Simplify $\sqrt[3]{54}-\sqrt[3]{54}+4\sqrt[3]{2}$.", r"$4\sqrt[3]{2}$"),
    (r"$$ \text {Find the mass of a bar of length } 3 \mathrm{m} $$", "2"),
    ("A) is missing here: how many letters of the word PASSAGE are vowels?", "3"),
    ("Count the words of this passage. " + "One more word and then another one. " * 12, "90"),
    ("$3x + 2 =$ ___ when $x = 1$", "5"),
    ("Sketch the region under $y=x$, then use the shell method to find the volume.", "3"),
    ("Where do the lines meet? Give the point.", "(3, 5)"),
    ("How many are there?", "12,345"),
    ("What is 12 times 12? Give your answer: a number.", "144"),
    (r"What is 12 times 12? Put your answer in \boxed{}.", "144"),
    ("Show that $x=2$ is a root, and find the other root of $x^2-5x+6$.", "3"),
    ("Points (a, b) and (c, d) lie on a line. What is its slope if a = 1?", "2"),
    (
        "What is the least integer such that a) divided by 2, the remainder is 1, b) divided by 3, the remainder is 2?",
        "5",
    ),
    ("Find the area contained by the graph of $|x|+|y|=1$.", "2"),
    ("What are the coordinates of the image of the point $A(1,2)$ under a reflection in the $y$-axis?", "(-1,2)"),
    ("In the figure, find $x$. [asy] draw((0,0)--(1,1)); [/asy]", "5"),
    ("What is the probability of drawing 2 red balls from a bag with 3 red and 2 blue balls?", "\\frac{3}{10}"),
    ("What is the least number that can be added to 40,305 to create a palindrome?", "99"),
    (r"Rewrite $\sqrt[3]{8}$ as an integer.", "2"),
    ("Points $A$, $B$. Let $C$ be their midpoint. Compute $AC/AB$.", "0.5"),
    ("计算 2+2 等于多少", "4"),
    ("若 $x+51=60$，则 $x=$（ ）", "9"),
    ("Point C divides AB in two. Which end is nearer to D if AC = 2 and CB = 3?", "A"),
    ("What is the atomic mass of an element with the symbol C, and of which letter is it?", "C"),
    ("Find the least n with (a) n odd, (b) n > 3, (c) n prime. What is n?", "5"),
    ("Experiments were made to show that light bends. By how many degrees did it bend?", "0.0005"),
    ("Find the largest such n, and prove that no larger one exists.", "7"),
    ("Is the spectrum continuous or discrete? Explain.", "discrete"),
    ("A rope of 5 m holds a box of 2 kg (see the figure). What is the force in N?", "19.6"),
    ("Which of these two is larger, and by how much: $2^{10}$ or $10^3$?", "24"),
    ("Combine like terms: $x-10-6x+1$", "$-5x-9$"),
    ("If $ab=-1$ and $a=5$, then the value of $b$ is", "$-\\frac15$"),
    ("The distance is closest to", "2"),
    ("Compute the limit of $x^2$ at 2. If it does not exist, explain why.", "4"),
    ("How many graphs are in the sketch of $y=x^2$ that Ann made?", "1"),
    ("Fred is 4 years older than Barney, and together they are 58. How old are they now?", "27, 31"),
    ("Find all $n$ that satisfy the following conditions: (a) $n$ is a prime; (b) $n+2$ is a square.", "2, 7"),
    ("How many words of 5 letters are such that (a) none is B, and (b) the first is A?", "81"),
    (
        "A game has two steps. (1) Draw a card. (2) If a prime factor of 6 is on it, draw again. What is the chance?",
        "1",
    ),
    ("Two offers are made.\n1. Pay what it costs.\n2. Pay half of what it costs, and $5.\nFind the equal price.", "10"),
    ("Cup A: 2 red dice. Cup B: 3 blue dice. Cup C: 4 red dice. How many dice are red?", "6"),
    ("A map has (A) $f(1)=2$; (B) $f(2n)=f(n)+1$; (C) no further value. Find $f(8)$.", "5"),
    ("If A : B = 1 : 2, B : C = 1 : 2 and C : D = 1 : 2, what is D : A?", "8"),
    (
        "How long is $AC$? [asy] pair A, B, C; label((A), W); label((B), W); label((C), W); [/asy] It is twice $AB=4$.",
        "8",
    ),
    ("Solve $2x=6$ and show all your work.", "3"),
    ("Show that $x-1$ is a factor of $x^2-3x+2$, and hence solve $x^2-3x+2=0$.", "1, 2"),
    ("Prove that the series converges, and give its sum.", "2"),
    ("Who is taller, Ann with 150 cm or Bob with 152 cm? Prove that it is so.", "Bob"),
    ("A test has 9 questions, each worth twice as much as the previous question. What is the last one worth?", "256"),
    ("Ann runs the last part of 5 km in 20 minutes, and wants to exercise 1 hour. How long is the rest?", "40"),
    ("Which letter comes next: A, C, E, ...?", "G"),
    ("What is the symbol of the element carbon?", "C"),
    ("A runs at 8 m/s and B at 7 m/s. Who is faster?", "A"),
    ("Ten keys are tried. What is the chance that we pick the right key at once?", "0.1"),
    ("Two circles have radii 1 and 2. The ring between them is shaded. What is the area of the shaded part?", "3 pi"),
    ("A half circle is drawn above $AB$. For which $x$ is its graph above the $x$-axis?", "x>0"),
    ("A man paints a figure 6 feet tall. How tall is it at half the size, if a 1 is shown, or 2?", "3 feet"),
    ("Which is greater, $2^9$ or $9^2$? Justify your answer.", "2^9"),
    ("A man goes 3 km east and 4 km north. Draw a diagram and find how far he comes.", "5"),
    ("Compute $[2.5]+1$. Define $[x]$ to denote the greatest integer not above $x$.", "3"),
    ("There are 35 heads and 94 legs. How many hens and how many goats are there?", "23, 12"),
    ("When do they meet if they start at 8? How long is it from 2 till then?", "6 hours and 20 minutes"),
    ("What is the sum at the end?", "1,25,000"),
    ("Evaluate $5!$.", "120"),
    (r"$\int_0^1 x^2\,dx$", "1/3"),
    ("If 3a + 2 = 11, find the value of a", "3"),
    ("Let $p(x)=x^3-x$. Show that $x-1$ is a factor. What is the degree of $p$? Find $p(1)+1$.", "1"),
    ("How many even primes exceed 2?", "none"),
    ("How many real roots has $x^2+1$? If there are none, the answer is 0.", "0"),
    ("Verify that $y=2x$ solves it. Then give $y(1)$.", "2"),
    ("How many numbers satisfy these conditions: (A) they are odd; (B) they are prime; (C) they are below 9?", "3"),
    ("What is the least number with these properties?\na) When divided by 2, it leaves 1.\nb) It exceeds 4.", "5"),
    ("Find the general solution.", r"\begin{array}{rr} -1 & 0 \\ 1 & 2 \end{array} c_1 \begin{array}{r} 1 \end{array}"),
]


def row(problem: str, answer: Any) -> Row:
    return Row(Fields(problem, answer), "1", "f")


@pytest.mark.parametrize(("name", "problem", "answer"), DROPPED)
def test_it_is_dropped_with_a_reason(name: str, problem: str, answer: Any) -> None:
    reason = FILTERS.find(name)(row(problem, answer))
    assert reason and "\n" not in reason


@pytest.mark.parametrize(("problem", "answer"), KEPT)
def test_no_filter_drops_it(problem: str, answer: Any) -> None:
    reasons = {name: FILTERS.find(name)(row(problem, answer)) for name in FILTERS}
    assert {name: reason for name, reason in reasons.items() if reason} == {}


def test_every_filter_is_tested() -> None:
    assert {name for name, _, _ in DROPPED} == set(FILTERS)


@pytest.mark.parametrize("answer", ["C", "(C)", r"\text{C}", "7"])
def test_multiple_choice_becomes_an_open_question(answer: str) -> None:
    fields = as_open_question(row(CHOICE, answer))
    assert fields.problem == "What is $3+4$?"
    assert fields.answer.strip("$\\ ") == "7" and fields.extra == {"reformulated": "choices"}


@pytest.mark.parametrize(
    "problem",
    [
        "Which of the following is prime? (A) 5 (B) 6 (C) 8",
        "What holds? (A) only I holds (B) only II holds (C) both of them",
    ],
)
def test_a_question_about_its_options_stays(problem: str) -> None:
    assert as_open_question(row(problem, "A")).problem == problem
