"""A code loop for an untrained model, which writes no code but digits: each ends a block, its output is in brackets."""

from verl.experimental.agent_loop.agent_loop import register

from still_verl.integration.agent_loops.code import CodeLoop
from still_verl.interpreter.turns import TextBlocks


class Digits:
    stop = list("0123456789")
    open_block = False

    def __init__(self):
        self.blocks = []

    def feed(self, text):
        if text[-1:] not in self.stop:  # two bytes of the untrained model may be a digit of another script
            return False
        self.blocks.append(f"print({text[-1]} * 7)")
        return True

    def output(self, text):
        return f"<{text}>"


@register("still_code_digits")
class DigitLoop(CodeLoop):
    def new_dialogue(self, messages):
        return TextBlocks(Digits(), self.tokenizer)
