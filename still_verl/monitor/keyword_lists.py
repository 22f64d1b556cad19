"""More keyword lists, beside the study's: `aha`, how models of today say that they think again, and `zh`, in Chinese.

Many words mean something else beside others, so both lists have phrases. For example 不对 is "wrong", and it begins
不对称, "asymmetric".
"""

# The study lists "correct". As an adjective it says the opposite of a correction, and is far more frequent. It counts
# as a verb, which its subject tells, or its object.
_BEFORE = ("to", "me", "us", "i", "i'll", "we", "we'll", "let's", "must", "should", "will", "can")
_BEHIND = ("this", "it", "my", "our", "myself", "the", "these", "those", "them")
CORRECT = (*(f"{word} correct" for word in _BEFORE), *(f"correct {word}" for word in _BEHIND))

AHA: dict[str, tuple[str, ...]] = {
    "verification": (
        "recheck", "rechecks", "rechecked", "rechecking",
        "reverify", "reverifies", "reverified", "reverifying",
        "cross check", "cross checks", "cross checked", "cross checking",
        "sanity check", "check again", "let me check", "let's check", "let us check", "triple check",
        "plug back in", "plug it back in",
    ),
    "reflection": (
        "hmm", "hmmm", "hm", "aha", "hold on", "hang on", "on second thought", "on second thoughts",
        "come to think of it", "now that i think about it", "rethink", "rethinks", "rethought", "rethinking",
        "reconsider", "reconsiders", "reconsidered", "reconsidering",
        "let me think again", "think again", "let me reexamine", "reexamine", "something is off", "something's off",
        "that doesn't seem right", "that does not seem right", "that can't be right", "that cannot be right",
        "this doesn't seem right", "this can't be right", "that seems off", "that seems wrong", "am i sure",
    ),
    "correction": (
        "my mistake", "my bad", "oops", "i made a mistake", "i made an error", "i was wrong", "that was wrong",
        "that's wrong", "that is wrong", "that's not right", "that is not right", "that's incorrect",
        "that is incorrect", "redo", "redoes", "redid", "redoing", "scratch that",
        "start over", "starting over", "let me fix", "fix that",
    ),
}  # fmt: skip

ZH: dict[str, tuple[str, ...]] = {
    "verification": (
        "验证", "驗證", "验算", "驗算", "检验", "檢驗", "检查", "檢查", "核对", "核對", "复查", "複查", "复核", "複核",
        "确认", "確認", "核实", "核實", "代回去", "代入检验", "代入檢驗",
    ),
    "reflection": (
        "等等", "等一下", "等一等", "等会儿", "且慢", "慢着", "慢著", "然而", "不过，", "不過，", "反思", "嗯",
        "重新考虑", "重新考慮", "重新思考", "重新审视", "重新審視", "再想想", "再想一想", "再考虑", "再考慮", "仔细想",
        "仔細想", "转念一想", "轉念一想", "回过头来", "回過頭來", "真的吗", "真的嗎", "是不是有问题", "是不是有問題",
        "不对劲", "不對勁",
    ),
    "correction": (
        "纠正", "糾正", "修正", "更正", "改正", "订正", "訂正", "调整", "調整", "重新计算", "重新計算", "重算", "算错",
        "算錯", "搞错", "搞錯", "弄错", "弄錯", "我错了", "我錯了", "有误", "有誤",
        "不对，", "不對，", "不对,", "不對,", "不对。", "不對。", "不对！", "不對！", "不对!", "不對!",
        "不对：", "不對：", "不对…", "不對…", "这不对", "這不對", "好像不对", "好像不對",
    ),
}  # fmt: skip
