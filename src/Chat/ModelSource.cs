namespace Functional.Chat;

/// <summary>Where a client has its model from.</summary>
abstract class ModelSource
{
    /// <summary>The model, where it is there.</summary>
    public abstract LanguageModel? Model { get; }

    /// <summary>What writes, where it is there.</summary>
    public abstract ModelHost? Host { get; }

    /// <summary>The model, loaded where it is not.</summary>
    public abstract Task<LanguageModel> ModelAsync(CancellationToken cancellation);

    /// <summary>What writes, begun where it is not.</summary>
    public abstract Task<ModelHost> HostAsync(CancellationToken cancellation);
}

/// <summary>A host that was given.</summary>
sealed class GivenHost(ModelHost host) : ModelSource
{
    public override LanguageModel Model => host.Model;

    public override ModelHost Host => host;

    public override Task<LanguageModel> ModelAsync(CancellationToken cancellation) => Task.FromResult(host.Model);

    public override Task<ModelHost> HostAsync(CancellationToken cancellation) => Task.FromResult(host);
}

/// <summary>A model that was given, which writes nothing here.</summary>
sealed class GivenModel(LanguageModel model) : ModelSource
{
    public override LanguageModel Model => model;

    public override ModelHost? Host => null;

    public override Task<LanguageModel> ModelAsync(CancellationToken cancellation) => Task.FromResult(model);

    public override Task<ModelHost> HostAsync(CancellationToken cancellation) => throw new NotSupportedException("there is no host");
}
