"""Who answers: an engine is given requests, and gives back a reply for each as soon as it is there.

`base` has the protocol: what an engine of your own does, and what it is made of. Two are here:
    `vllm_offline`   vLLM in this process, on a GPU or a processor
    `openai_server`  any server that speaks OpenAI's HTTP interface: vLLM, SGLang, llama.cpp, a service;
                     `completions` reads its replies, and `server_checks` asks what it does with our settings
    `budget`         puts a thinking budget on another engine
    `interpreted`    puts a code interpreter on one that can go on behind the output of a program

An engine decides neither what is asked nor what is kept: `run` gives it the samples that are missing, each with a seed
of its own, and writes down each reply. A reply without a sample has a fault, and is asked for again by the next run.
Which engine a name stands for is in `registries.ENGINES`; name your own by its dotted name.
"""
