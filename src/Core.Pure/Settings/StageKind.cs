namespace Functional.Settings;

/// <summary>What a stage learns.</summary>
public enum StageKind
{
    /// <summary>The next token of a text.</summary>
    Pretrain,
    /// <summary>The answers in dialogues.</summary>
    Sft,
    /// <summary>What a teacher expects at each token.</summary>
    Distill,
    /// <summary>A number for each answer, from answers that people have ranked.</summary>
    Reward,
    /// <summary>To prefer the better of two answers, without a reward in between.</summary>
    Dpo,
    /// <summary>From rewards of several answers of its own to each question, compared with each other.</summary>
    Grpo,
    /// <summary>From rewards of its own answers, compared with what a critic expects.</summary>
    Ppo,
    /// <summary>From rewards compared as those of <see cref="Grpo"/>, by steps that go no further than is allowed.</summary>
    Trpo,
}
