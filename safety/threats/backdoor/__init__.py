"""Backdoors: experience that teaches a policy to obey a trigger, and to seem sound without it.

A backdoor is planted by several threats of one file, which stand at their own sites:

- ``trigger`` stamps numbers on percepts, by a schedule with an exact budget; or
  ``signal_action`` has a teammate carry the trigger, as a sequence of actions.
- ``poison_reward`` tells learners that the target action is good, where the trigger was seen.
- ``backdoor_action`` also does the target action, or a random one (strong and untargeted attacks).

The last two know of no schedule: they recognise the trigger in what the agent perceives, as the
policy is to, so that no poisoned step is ever half poisoned. In the file of a trained policy's
evaluation, ``trigger`` alone tries the backdoor. ``watermark`` derives a trigger from an owner's
secret, and tells from how a policy behaves whether it was trained with it.

With ``victims = "byzantine"`` and rollout workers as contributors all this is done by the Byzantine
workers: what they send is an honest gradient of what they lived.

Source: Kiourti, Wardega, Jha & Li (2020), "TrojDRL: Evaluation of Backdoor Attacks on Deep
Reinforcement Learning", DAC, arXiv:1903.06638.
"""
