using System.ComponentModel;
using Functional.Chat;
using Functional.Samples;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;

// Semantic Kernel over a model of this library: it takes the IChatClient as it is. What the model writes is babble, for it learns for seconds.
using var stories = await StoryModel.TrainAsync();
var builder = Kernel.CreateBuilder();
builder.Services.AddFunctional(models => models.Add(new ServedModel("stories", stories.Folder) { Defaults = new() { Tokens = 60, Temperature = 0.7 } }));
// The client that carries calls out is Semantic Kernel's own, around ours.
builder.Services.AddChatClient(static provider => provider.GetRequiredKeyedService<IChatClient>("stories")).UseKernelFunctionInvocation();
builder.Plugins.AddFromType<Sky>();
var kernel = builder.Build();
await using var services = (ServiceProvider)kernel.Services;

// A prompt with a variable, whole and piece by piece.
PromptExecutionSettings Settings(int seed) => new() { ExtensionData = new Dictionary<string, object> { ["seed"] = seed, ["max_tokens"] = 60 } };
Console.WriteLine($"prompt:    {await kernel.InvokePromptAsync("Tell me about the {{$what}}.", new(Settings(1)) { ["what"] = "river" })}");
Console.Write("streaming: ");
await foreach (var piece in kernel.InvokePromptStreamingAsync("Tell me a story.", new(Settings(2)))) Console.Write(piece);
Console.WriteLine();

// The same client as Semantic Kernel's own kind of service, in a talk.
var chat = kernel.GetRequiredService<IChatClient>().AsChatCompletionService(kernel.Services);
var talk = new ChatHistory("Be brief.");
talk.AddUserMessage("Who lives there?");
talk.Add(await chat.GetChatMessageContentAsync(talk, Settings(3), kernel));
talk.AddUserMessage("And then?");
Console.WriteLine($"talk:      {await chat.GetChatMessageContentAsync(talk, Settings(4), kernel)}");

// A function of a plugin, which it must call.
var calling = Settings(5);
calling.FunctionChoiceBehavior = FunctionChoiceBehavior.Required();
Console.WriteLine($"function:  {await kernel.InvokePromptAsync("Will it rain?", new(calling))}");
Console.WriteLine($"called:    {(Sky.Called > 0 ? "yes" : "no")}");

/// <summary>What the sky does.</summary>
sealed class Sky
{
    /// <summary>How often it was asked.</summary>
    public static int Called { get; private set; }

    /// <summary>Says what it will do.</summary>
    [KernelFunction, Description("What the weather will be.")]
    public static string Weather([Description("In how many days")] int days)
    {
        Called++;
        return days % 2 == 0 ? "sun" : "rain";
    }
}
