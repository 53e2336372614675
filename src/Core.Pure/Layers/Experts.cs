namespace Functional.Layers;

/// <summary>A mixture of experts in place of an MLP (Shazeer et al. 2017; Fedus et al. 2021).</summary>
public sealed record ExpertConfig
{
    /// <summary>How many experts there are; 0 for no mixture.</summary>
    public int Count { get; init; }

    /// <summary>How many experts a token goes to.</summary>
    public int Chosen { get; init; } = 2;

    /// <summary>The hidden width of an expert; 0 for that of the model's MLPs.</summary>
    public int Hidden { get; init; }

    /// <summary>Whether scores are a sigmoid each, not a softmax over all.</summary>
    public bool Sigmoid { get; init; }

    /// <summary>Whether the weights of the chosen experts are divided by their sum.</summary>
    public bool Renormalised { get; init; } = true;

    /// <summary>The hidden width of an MLP that every token passes beside its experts (Dai et al. 2024); 0 for none.</summary>
    public int Shared { get; init; }

    /// <summary>Whether the shared MLP is times a sigmoid of its own (Qwen2-MoE).</summary>
    public bool SharedGate { get; init; }

    /// <summary>Which layers have experts: letters e and d (a dense MLP), repeated over the layers; empty for all.</summary>
    public string Pattern { get; init; } = "";

    /// <summary>The coefficient of the load-balancing loss: experts · Σ (share of choices · mean probability), over all layers together.</summary>
    public double Balance { get; init; } = 0.01;

    /// <summary>The coefficient of the mean square of the router's log-sum-exp (Zoph et al. 2022).</summary>
    public double ZLoss { get; init; }

    /// <summary>The standard deviation of what is added to the router's scores in training.</summary>
    public double Noise { get; init; }

    /// <summary>In training an expert takes at most this times its even share of a batch's choices, and the others are dropped; 0 for no limit.</summary>
    public double Capacity { get; init; }

    /// <summary>Whether a layer has experts.</summary>
    public bool Has(int layer) => Count > 0 && (Pattern.Length == 0 || Pattern[layer % Pattern.Length] == 'e');
}
