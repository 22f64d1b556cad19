"""The job's other tools, beside the code interpreter: called as verl's `tool_agent` calls them."""

from typing import Any

from verl.experimental.agent_loop.agent_loop import ToolListWrap
from verl.experimental.agent_loop.tool_agent_loop import AgentData, ToolAgentLoop
from verl.experimental.agent_loop.tool_parser import FunctionCall

LEFT_OUT = "(an image or a video was left out: this agent loop reads text)"


class OtherTools(ToolAgentLoop):
    """verl's way to call a tool, without the rest of its loop: functions and `BaseTool`s, and long answers cut.

    They are what `actor_rollout_ref.rollout.multi_turn.tool_config_path` and `function_tool_path` name.
    """

    def __init__(self, tools: ToolListWrap | None, multi_turn: Any) -> None:
        # Not upstream's: it would build another prompt builder and parser.
        self.tools = {tool.name: tool for tool in (tools.tools if tools else [])}
        self.max_tool_response_length = multi_turn.max_tool_response_length
        self.tool_response_truncate_side = multi_turn.tool_response_truncate_side

    def schemas(self, names: list[str]) -> list[dict[str, Any]]:
        """Return what the chat template is told about some tools."""
        found = []
        for name in names:
            found.append(self.tools[name].tool_schema.model_dump(exclude_unset=True, exclude_none=True))
        return found

    def selected(self, columns: dict[str, Any]) -> list[str]:
        """Return the names of the tools that a row has: all, or verl's `extra_info.tool_selection`."""
        wanted = (columns.get("extra_info") or {}).get("tool_selection")
        if not wanted:
            return list(self.tools)
        return [name for name in wanted if name in self.tools]

    async def answer(self, call: FunctionCall, response: AgentData) -> str:
        """Call a tool; return the text of its answer, or of its error."""
        answer, reward, _ = await self._call_tool(call, response.tools_kwargs, response)
        if reward is not None:
            response.tool_rewards.append(reward)
        text: str = answer.text or ""
        if answer.image or answer.video:
            text = f"{text}\n{LEFT_OUT}".lstrip("\n")
        return text


def new_agent_data(messages: list[dict[str, Any]], request_id: str, columns: dict[str, Any]) -> AgentData:
    """Return what verl shows to a tool of the response that calls it."""
    return AgentData(
        messages=messages,
        image_data=[],
        video_data=[],
        audio_data=None,
        mm_processor_kwargs=None,
        metrics={},
        request_id=request_id,
        tools_kwargs=columns.get("tools_kwargs") or {},
    )
