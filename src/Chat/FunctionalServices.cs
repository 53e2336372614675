using Functional.Base;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Functional.Chat;

/// <summary>What <see cref="FunctionalServices.AddFunctional"/> is told.</summary>
public sealed class FunctionalOptions
{
    readonly List<ServedModel> models = [];

    /// <summary>The models that are served; the first has the services without a key.</summary>
    public IReadOnlyList<ServedModel> Models => models;

    /// <summary>Whether logs may hold what is said, at <see cref="LogLevel.Trace"/>.</summary>
    public bool EnableSensitiveData { get; set; }

    /// <summary>Serves a model.</summary>
    /// <param name="model">The model.</param>
    /// <exception cref="FunctionalException">It has no name or no folder, or its name is taken.</exception>
    public FunctionalOptions Add(ServedModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Fault[] faults =
        [
            .. string.IsNullOrWhiteSpace(model.Name) ? (Fault[])[new(nameof(model.Name), "is empty", "expected a name")] : [],
            .. string.IsNullOrWhiteSpace(model.Folder) ? (Fault[])[new(nameof(model.Folder), "is empty", "expected a run folder")] : [],
            .. models.Exists(m => m.Name == model.Name) ? (Fault[])[new(nameof(model.Name), $"is {model.Name}, as of a model before it", "allowed: a name of its own")] : [],
        ];
        if (faults.Length > 0) throw new FunctionalException(faults);
        models.Add(model);
        return this;
    }

    /// <summary>Serves a model as it is usual.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="folder">The run folder.</param>
    /// <exception cref="FunctionalException">As for the other.</exception>
    public FunctionalOptions Add(string name, string folder) => Add(new ServedModel(name, folder));
}

/// <summary>The models among the services of a program.</summary>
public static class FunctionalServices
{
    /// <summary>
    /// Models as <see cref="IChatClient"/> and <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/>: singletons under the key of each model's name, and the first without one where nobody else
    /// is that. Nothing is read before the first request; <see cref="FunctionalModels"/> loads sooner. Everything ends with the services.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Says which models.</param>
    /// <exception cref="FunctionalException">There is no model, two have the same name, or models are served already.</exception>
    /// <example><code>
    /// services.AddFunctional(models => models.Add("answers", "runs/answers").Add(new ServedModel("small", "runs/small") { Host = new() { Rows = 4 } }));
    /// </code></example>
    public static IServiceCollection AddFunctional(this IServiceCollection services, Action<FunctionalOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        var options = new FunctionalOptions();
        configure(options);
        if (options.Models.Count == 0) throw new FunctionalException(new Fault("models", "are none", "expected a model or more: Add(name, folder)"));
        if (services.Any(static s => s.ServiceType == typeof(FunctionalModels))) throw new FunctionalException(new Fault("AddFunctional", "is called twice", "allowed: once, with all models"));
        services.AddSingleton(provider => new FunctionalModels(options.Models, provider.GetService<ILoggerFactory>()));
        foreach (var model in options.Models)
        {
            services.AddKeyedSingleton<IChatClient>(model.Name, (provider, _) => new ChatClient(provider.GetRequiredService<FunctionalModels>()[model.Name], Of(provider, model)));
            services.AddKeyedSingleton<IEmbeddingGenerator<string, Embedding<float>>>(model.Name,
                (provider, _) => new EmbeddingGenerator(provider.GetRequiredService<FunctionalModels>()[model.Name], Of(provider, model)));
        }
        var first = options.Models[0].Name;
        services.TryAddSingleton(provider => provider.GetRequiredKeyedService<IChatClient>(first));
        services.TryAddSingleton(provider => provider.GetRequiredKeyedService<IEmbeddingGenerator<string, Embedding<float>>>(first));
        return services;

        ChatClientOptions Of(IServiceProvider provider, ServedModel model) => new()
        {
            ModelId = model.Name, Defaults = model.Defaults, LoggerFactory = provider.GetService<ILoggerFactory>(), EnableSensitiveData = options.EnableSensitiveData,
        };
    }
}
