using Functional.Base;

namespace Functional.Samples;

/// <summary>How much is learned, and where it is kept. Nothing said is the experiment as the lesson tells it.</summary>
public sealed record CountingOptions
{
    /// <summary>The folder that keeps everything: prompts, runs, the picture. Who calls with the same folder goes on with what is there.</summary>
    public required string Folder { get; init; }

    /// <summary>The text that the base learns; nothing for the embedded corpus.</summary>
    public string? Text { get; init; }

    /// <summary>Steps of pretraining, and so many more as long as the validation loss is not <see cref="Enough"/>.</summary>
    public long PretrainSteps { get; init; } = 1000;

    /// <summary>The most steps of pretraining, whatever the loss is then.</summary>
    public long MostPretrainSteps { get; init; } = 5000;

    /// <summary>The validation loss, in nats a token, below which the base knows enough of the text.</summary>
    public double Enough { get; init; } = 2;

    /// <summary>Updates of a policy.</summary>
    public long Updates { get; init; } = 100;

    /// <summary>What a nat of distance from the base costs, policy by policy.</summary>
    public Vec<double> KlWeights { get; init; } = [0, 0.02, 0.1, 0.2, 0.5, 2];

    /// <summary>How many answers a prompt has when a model is measured, at least.</summary>
    public int Measured { get; init; } = 100;

    /// <summary>Settings of pretraining in place of the lesson's own, by their names.</summary>
    public Vec<(string Name, string Value)> Pretraining { get; init; } = [];

    /// <summary>Settings of the policies in place of the lesson's own, by their names.</summary>
    public Vec<(string Name, string Value)> Practice { get; init; } = [];

    /// <summary>The folder of the base.</summary>
    public string Base => Path.Combine(Folder, "base");

    /// <summary>The file of prompts.</summary>
    public string Prompts => Path.Combine(Folder, "prompts.jsonl");

    /// <summary>The picture of what distance buys.</summary>
    public string Picture => Path.Combine(Folder, "counting-e.svg");

    /// <summary>The folder of a policy.</summary>
    /// <param name="weight">Its KL weight.</param>
    public string Policy(double weight) => Path.Combine(Folder, FormattableString.Invariant($"kl-{weight}"));
}
